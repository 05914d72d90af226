import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { MOST_UNDER_WAY } from '../../src/queue/drivers/under-way.ts'
import type { BrokerOptions, QueueDriver, TraceContext } from '../../src/queue/types.ts'
import { proxy } from '../brokers/proxy.ts'
import type { Server } from '../brokers/server.ts'
import { driverContract } from './driver-contract.ts'
import { brokerOptions } from './fixtures/broker-options.ts'
import { freeze } from '../fixtures/freeze.ts'
import { eventually, holds, publishThrough } from './fixtures/faults.ts'
import { message, messageOfTrace, messages, TRACE } from './fixtures/message.ts'

/**
 * A message as an independent client of the broker reads it. `headers` where the broker has them, by CloudEvents name;
 * `trace` where tracing in consumers has names of its own to look for.
 */
export type Received = { body: Buffer; headers?: Record<string, string>; trace?: Record<string, string> }

/** What the contract of the brokers needs to know of one of them. */
export type BrokerUnderTest = {
  server: Server
  create: (options: BrokerOptions) => QueueDriver
  /** The address of QUEUE_URL for a server at this place. */
  url: (at: { host: string; port: number }) => URL
  /** Where proxies must listen, and what they stand before, when clients go on to an address that the broker gives them. */
  proxied?: { listen: number; port: number }
  /** All messages of the queue in order, once there are `count`, by a client that has nothing to do with the driver. */
  read: (at: { queueName: string; count: number }) => Promise<Received[]>
  /** Attributes that it has no header for. */
  omits?: string[]
  /** Whether what it confirmed is still there after kill -9 of the server. */
  survivesKill: boolean
  /** The largest body that it takes, in bytes. */
  largest: number
  /** Makes the queue refuse what is published to it, such as full or read-only, and names the code of the error. */
  refusals?: Record<string, { refuse: (queueName: string) => Promise<void>; code: string }>
}

const TIMEOUT = 2_000

/** What the drivers of all brokers must do besides, against a real server, through the faults of a network. */
export function brokerContract(t: Test, broker: BrokerUnderTest): void {
  const { server, create } = broker
  const options = (queueName: string, at: { host: string; port: number } = server): BrokerOptions =>
    brokerOptions(broker.url(at).href, { queueName, timeout: TIMEOUT })
  const open = async (t: Test, queueName: string, at?: { host: string; port: number }) => {
    const driver = create(options(queueName, at))
    t.teardown(() => driver.close())
    await connect(driver)
    return driver
  }

  const proxied = (t: Test) => proxy(t, { ...server, ...broker.proxied }, broker.proxied?.listen)

  driverContract(t, {
    largest: Math.min(broker.largest, 700_000),
    open() {
      const queueName = randomName()
      let seen = 0
      return {
        driver: create(options(queueName)),
        reopen: () => create(options(queueName)),
        async consume(count) {
          seen += count
          const all = await broker.read({ queueName, count: seen })
          return all.slice(seen - count, seen).map(({ body }) => body)
        },
      }
    },
  })

  void t.test(
    'gives the attributes as headers, where there are headers, and the trace by its own names',
    async t => {
      const queueName = randomName()
      const driver = await open(t, queueName)
      const traces: Partial<TraceContext>[] = [{}, { traceparent: TRACE.traceparent }, TRACE]
      for (const [index, trace] of traces.entries()) {
        const sent = messageOfTrace(trace, 'día 🎉')
        await driver.publish(sent)
        const received = (await broker.read({ queueName, count: index + 1 }))[index]
        const { data: _, ...all } = JSON.parse(String(sent.body)) as Record<string, unknown>
        const named = Object.entries(all).filter(([name]) => !broker.omits?.includes(name))
        t.same(received?.headers ?? all, received?.headers ? Object.fromEntries(named) : all)
        t.same(received?.trace ?? trace, trace)
      }
    },
  )

  void t.test('publishes hundreds at once, in order', async t => {
    const queueName = randomName()
    const driver = await open(t, queueName)
    const sent = messages(500)
    t.same(new Set(await Promise.all(sent.map(one => driver.publish(one)))), new Set(['accepted']))
    t.same(bodies(await broker.read({ queueName, count: 500 })), sent.map(bodyOf))
  })

  void t.test('holds no more bytes at once than it may, however few events they are', async t => {
    const driver = await open(t, randomName())
    const body = Buffer.from(JSON.stringify('x'.repeat(Math.min(broker.largest, 700_000) - 2)))
    const most = Math.ceil(MOST_UNDER_WAY.bytes / body.length)
    const sent = Array.from({ length: most + 3 }, (_, index) => ({ ...message(`room ${index}`), body }))
    const outcomes = await Promise.allSettled(sent.map(one => driver.publish(one)))
    const codes = outcomes.map(one =>
      one.status === 'rejected' ? (one.reason as { code: string }).code : '',
    )
    t.same(codes.slice(most), Array(3).fill('ERR_QUEUE_OVERLOADED'))
    t.notOk(codes.slice(0, most).includes('ERR_QUEUE_OVERLOADED'))
    t.equal(await eventually(() => driver.publish(message())), 'accepted', 'there is room again')
  })

  void t.test('refuses an event that is too large, and goes on', async t => {
    const queueName = randomName()
    const driver = await open(t, queueName)
    if (broker.largest < Infinity) {
      const large = { ...message(), body: message('room', 'x'.repeat(broker.largest + 1)).body }
      await t.rejects(driver.publish(large), { code: 'ERR_MESSAGE_REFUSED' })
    }
    const small = message()
    t.equal(await eventually(() => driver.publish(small)), 'accepted')
    t.same(bodies(await broker.read({ queueName, count: 1 })), [bodyOf(small)])
  })

  for (const [name, { refuse, code }] of Object.entries(broker.refusals ?? {})) {
    void t.test(`says that the queue refuses: ${name}`, async t => {
      const queueName = randomName()
      const driver = await open(t, queueName)
      await driver.publish(message())
      await refuse(queueName)
      await t.rejects(driver.publish(message()), { code })
    })
  }

  void t.test('uses what is there, and says what is missing, when it may not create', async t => {
    const queueName = randomName()
    const missing = create({ ...options(queueName), ensure: false })
    t.teardown(() => missing.close())
    await t.rejects(missing.connect(), { code: 'ERR_QUEUE_REFUSED', message: new RegExp(queueName) })
    await open(t, queueName)
    await missing.connect()
    t.equal(await missing.publish(message()), 'accepted')
  })

  void t.test('tells that nothing answers, and can try again', async t => {
    const net = await proxied(t)
    net.refuse(true)
    const driver = create(options(randomName(), at(net)))
    t.teardown(() => driver.close())
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE' })
    t.match(driver.health(), { ok: false })
    await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE' })
    net.refuse(false)
    await connect(driver)
    t.equal(await driver.publish(message()), 'accepted')
  })

  const cuts: Record<string, (net: Awaited<ReturnType<typeof proxy>>) => void> = {
    cut: net => net.cut(),
    'half-closed': net => net.halfClose(),
    'cut before the answer': net => net.cutAnswers(),
    stalled: net => {
      net.stall(true)
      setTimeout(() => net.stall(false), TIMEOUT * 2)
    },
  }
  for (const [name, fault] of Object.entries(cuts)) {
    void t.test(`a connection ${name} in the middle loses nothing that was confirmed`, async t => {
      const queueName = randomName()
      const net = await proxied(t)
      const driver = await open(t, queueName, at(net))
      const confirmed = await publishThrough(driver, () => fault(net))
      await holds(t, { confirmed, read: count => broker.read({ queueName, count }) })
    })
  }

  void t.test('takes the answer that comes once a process wakes that was stopped for long', async t => {
    const net = await proxied(t)
    const driver = await open(t, randomName(), at(net))
    t.equal(await driver.publish(message()), 'accepted')
    net.stall(true)
    const publishing = driver.publish(message())
    await sleep(TIMEOUT / 20)
    freeze(TIMEOUT * 2)
    net.stall(false)
    t.equal(await publishing, 'accepted')
    t.same(driver.health(), { ok: true })
  })

  if (server.process === null) {
    const skip = 'the server is not ours to kill'
    void t.test('kill, pause and restart of the server', { skip }, () => {})
    return
  }
  const { process } = server
  const faults: Record<string, () => Promise<void>> = {
    ...(broker.survivesKill && {
      'killed with -9 and back': async () => {
        await process.kill('SIGKILL')
        await sleep(500)
        await process.start()
      },
    }),
    'ended and back': async () => {
      await process.kill('SIGTERM')
      await process.start()
    },
    'paused and back': async () => {
      process.pause()
      await sleep(TIMEOUT * 1.5)
      process.resume()
    },
  }
  for (const [name, fault] of Object.entries(faults)) {
    void t.test(`a server ${name} loses nothing that was confirmed`, async t => {
      const queueName = randomName()
      const driver = await open(t, queueName)
      const confirmed = await publishThrough(driver, fault)
      await holds(t, { confirmed, read: count => broker.read({ queueName, count }) })
    })
  }
}

/** Connects as the service does: again and again, until it is there. */
async function connect(driver: QueueDriver): Promise<void> {
  await eventually(() => driver.connect())
}

function at({ port }: { port: number }): { host: string; port: number } {
  return { host: '127.0.0.1', port }
}

function randomName(): string {
  return `test-${crypto.randomUUID()}`
}

function bodyOf({ body }: { body: Buffer }): string {
  return body.toString()
}

function bodies(received: { body: Buffer }[]): string[] {
  return received.map(bodyOf)
}
