import { Redis } from 'ioredis'
import type { DriverLog } from '../types.ts'
import { reconnectDelay } from './reconnect-delay.ts'
import type { RedisAddress } from './redis-address.ts'
import { errorOf, failureOf, type Failure } from './redis-failure.ts'

const CLOSED: Failure = { kind: 'unavailable', reason: 'it is closed' }

export type ConnectionOptions = {
  address: RedisAddress
  /** The most that a try to connect, and what is asked then, may take, in ms. */
  timeout: number
  log: DriverLog
  /** Makes the queue ready each time that a connection was made; resolves with what is wrong. May throw what ioredis throws. */
  prepare: (client: Redis) => Promise<Failure | undefined>
}

/** A connection to Redis that comes back by itself, once it was there. */
export type RedisConnection = {
  /** One try. Throws QueueUnavailableError, QueueFullError or QueueRefusedError. */
  connect: () => Promise<void>
  /** What to send commands with now, or why there is nothing. */
  state: () => { client: Redis } | { failure: Failure }
  /** Ends the connection and makes another one, as when this server is no longer the one to talk to. */
  replace: (why: Failure) => void
  close: () => Promise<void>
}

/** Prepares a connection; nothing happens before connect. */
export function createRedisConnection({
  address,
  timeout,
  log,
  prepare,
}: ConnectionOptions): RedisConnection {
  let current: Redis | undefined
  let ready: Redis | undefined
  let failure = CLOSED
  let connected: Promise<void> | undefined

  function lose(why: Failure): void {
    ready = undefined
    failure = why
    log.warn({ reason: why.reason }, 'the connection to Redis is lost, it is made again')
  }

  async function open(): Promise<void> {
    let opened = false
    let failures = 0
    let last: unknown
    let greeting: NodeJS.Timeout | undefined
    const redis = new Redis({
      ...address,
      // Enough for all that is asked here, and understood by every server and proxy.
      protocol: 2,
      connectionName: 'jelou-receiver',
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      keepAlive: 10_000,
      connectTimeout: timeout,
      disconnectTimeout: 200,
      retryStrategy: () => (opened ? reconnectDelay(failures++) : null),
    })
    current = redis
    redis.on('error', error => (last = error))
    redis.on('connect', () => {
      // ioredis listens for one error of a socket, and TLS may tell of a second: of what is written after it failed.
      redis.stream.on('error', () => {})
      greeting = setTimeout(() => {
        last ??= new Error(`no answer within ${timeout} ms`)
        redis.disconnect(opened)
      }, timeout)
    })
    redis.on('close', () => {
      clearTimeout(greeting)
      if (!opened || current !== redis) return
      // Otherwise it was ended for a reason that is known, unless the next one failed for another.
      if (ready !== undefined) lose(failureOf(last))
      else if (last !== undefined) failure = failureOf(last)
      last = undefined
    })
    redis.on('ready', () => {
      if (opened) void again()
    })

    /** Whether the queue can be used now. */
    async function begin(): Promise<boolean> {
      const problem = await prepare(redis).catch((error: unknown) => failureOf(last ?? error))
      clearTimeout(greeting)
      if (current !== redis) return false
      if (problem === undefined) ready = redis
      else failure = problem
      return problem === undefined
    }

    async function again(): Promise<void> {
      if (await begin()) {
        failures = 0
        log.info({}, 'the connection to Redis is back')
      } else redis.disconnect(current === redis)
    }

    try {
      await redis.connect()
      opened = await begin()
    } catch {
      // ioredis tells why by its event.
      if (current === redis) failure = failureOf(last)
    }
    if (opened) return
    await end(redis)
    throw errorOf(failure)
  }

  return {
    connect() {
      connected ??= open().catch((error: unknown) => {
        connected = undefined
        throw error
      })
      return connected
    },
    state: () => (ready === undefined ? { failure } : { client: ready }),
    replace(why) {
      if (ready === undefined) return
      const redis = ready
      lose(why)
      redis.disconnect(true)
    },
    async close() {
      const redis = current
      current = undefined
      ready = undefined
      connected = undefined
      failure = CLOSED
      if (redis !== undefined) await end(redis)
    },
  }
}

/** Resolves once the socket is gone. Between two connections there is none, and ioredis then tells of no end. */
async function end(redis: Redis): Promise<void> {
  if (redis.status === 'end') return
  const { promise, resolve } = Promise.withResolvers<void>()
  redis.once('end', resolve)
  if (redis.status === 'reconnecting') resolve()
  redis.disconnect()
  await promise
}
