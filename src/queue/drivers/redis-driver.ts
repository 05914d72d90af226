import type { Redis } from 'ioredis'
import { MessageRefusedError } from '../../errors.ts'
import { Deadlines } from '../deadlines.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver, QueueMessage } from '../types.ts'
import { addressOf } from './redis-address.ts'
import { adviceFor, largestValue } from './redis-server.ts'
import { createRedisConnection } from './redis-connection.ts'
import { errorOf, failureOf, type Failure } from './redis-failure.ts'
import { underWay } from './under-way.ts'

/** What is sent in one step: Redis serves nobody else while it works on it. */
const BATCH = { events: 256, bytes: 1_048_576 }
const NO_ANSWER: Failure = { kind: 'unavailable', reason: 'Redis does not answer in time' }
// A server that says nothing at all is as good as gone.
const SILENCE: Failure = { ...NO_ANSWER, reconnect: true }

/** What one of the drivers on Redis does in its own way. */
export type RedisWays = {
  name: string
  deduplicates: boolean
  /** Creates what is missing, or resolves with what is wrong; may throw what ioredis throws. */
  prepare: (client: Redis) => Promise<Failure | undefined>
  /** Stores messages in their order; resolves with what became of each. May throw what ioredis throws. */
  store: (client: Redis, messages: QueueMessage[]) => Promise<(PublishOutcome | Failure)[]>
}

type Call = {
  /** The connection that there was when it was published. */
  client: Redis
  message: QueueMessage
  resolve: (outcome: PublishOutcome) => void
  reject: (error: unknown) => void
}

/** Messages that were sent together, when so many batches had been answered. */
type Batch = { calls: Call[]; answeredBefore: number }

/** A driver that stores what is published within one turn of the event loop together. */
export function createRedisDriver(options: BrokerOptions, ways: RedisWays): QueueDriver {
  const { log, timeout } = options
  const address = addressOf(options.url, options.tls)
  let largest = Infinity
  let refusing: Failure | undefined
  let calls: Call[] = []
  let bytes = 0
  const room = underWay()
  const storing = new Set<Promise<void>>()
  let answered = 0
  const deadlines = new Deadlines<Batch>(timeout, ({ calls, answeredBefore }) => {
    fail(calls, answered === answeredBefore ? SILENCE : NO_ANSWER)
  })

  const connection = createRedisConnection({
    address,
    timeout,
    log,
    async prepare(client) {
      // ioredis goes on in database 0 when it may not select the other one.
      await client.select(address.db)
      largest = await largestValue(client)
      refusing = undefined
      for (const advice of await adviceFor(client)) log.warn({}, advice)
      return ways.prepare(client)
    },
  })

  /** What is gathered goes to the client that there was then: one that is gone meanwhile fails it. */
  function flush(): void {
    const [first] = calls
    if (first === undefined) return
    const batch = calls
    calls = []
    bytes = 0
    const stored = store(batch, first.client).finally(() => {
      for (const { message } of batch) room.leave(message.body.length)
      storing.delete(stored)
    })
    storing.add(stored)
  }

  async function store(calls: Call[], client: Redis): Promise<void> {
    const batch = { calls, answeredBefore: answered }
    deadlines.add(batch)
    try {
      const messages = calls.map(({ message }) => message)
      const outcomes = await ways.store(client, messages)
      refusing = undefined
      for (const [index, outcome] of outcomes.entries()) settle(calls[index], outcome)
    } catch (error) {
      fail(calls, failureOf(error))
    } finally {
      answered++
      deadlines.delete(batch)
    }
  }

  function settle(call: Call | undefined, outcome: PublishOutcome | Failure): void {
    if (typeof outcome === 'string') return call?.resolve(outcome)
    // Until a message is stored.
    refusing = outcome
    if (outcome.reconnect === true) connection.replace(outcome)
    call?.reject(errorOf(outcome))
  }

  function fail(calls: Call[], failure: Failure): void {
    for (const call of calls) settle(call, failure)
  }

  return {
    name: ways.name,
    deduplicates: ways.deduplicates,
    connect: () => connection.connect(),
    async publish(message) {
      const size = message.body.length
      const state = connection.state()
      if ('failure' in state) throw errorOf(state.failure)
      if (size > largest)
        throw new MessageRefusedError(`it has ${size} bytes, Redis takes ${largest} (proto-max-bulk-len)`)
      room.enter(size)
      const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>()
      if (calls.length === 0) setImmediate(flush)
      calls.push({ message, client: state.client, resolve, reject })
      bytes += size
      if (calls.length >= BATCH.events || bytes >= BATCH.bytes) flush()
      return promise
    },
    health() {
      const state = connection.state()
      const failure = 'failure' in state ? state.failure : refusing
      return failure === undefined ? { ok: true } : { ok: false, reason: failure.reason }
    },
    async close() {
      flush()
      await settled([...storing], timeout)
      await connection.close()
    },
  }
}

/** Resolves once all of the work is done, or after so many ms. */
async function settled(work: Promise<void>[], most: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, most)
  await Promise.race([Promise.all(work), promise])
  clearTimeout(timer)
}
