import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { attributesOf } from '../../src/queue/attributes.ts'
import { createSpoolStore } from '../../src/queue/drivers/sqlite.ts'
import { createSpool } from '../../src/queue/spool.ts'
import type { QueueDriver, QueueMessage } from '../../src/queue/types.ts'
import { messageWith } from '../queue/fixtures/message.ts'

/**
 * How fast a spool starts, drains and lets pass, against what its driver does alone. By hand:
 * `node test/bench/spool.ts --events 1000000 --keys 10000 --redis 127.0.0.1:6379`; without `--redis` the driver is one in this
 * process that confirms in the next turn of the event loop. To see the memory that draining takes, store and drain in two
 * processes: `--file /tmp/spool.db --only store`, then `--only drain`.
 */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '200000' },
    keys: { type: 'string', default: '10000' },
    size: { type: 'string', default: '600' },
    concurrency: { type: 'string', default: '1024' },
    redis: { type: 'string' },
    memory: { type: 'boolean', default: false },
    file: { type: 'string' },
    only: { type: 'string' },
  },
})
const events = Number(values.events)
const keys = Number(values.keys)
const concurrency = Number(values.concurrency)
const directory = mkdtempSync(join(tmpdir(), 'spool-bench-'))
let made = 0
const quiet = { info() {}, warn() {}, error() {} }
const padding = 'x'.repeat(Math.max(0, Number(values.size) - 400))
const one = (index: number): QueueMessage =>
  messageWith(
    `room-${index % keys}-0123456789abcdef`,
    JSON.stringify({ event_type: 'message', text: `${index} ${padding}` }),
  )

type Measured = QueueDriver & { away: boolean; confirmed: number; end: () => Promise<void> }

function inProcess(): Measured {
  let waiting: (() => void)[] = []
  const driver: Measured = {
    name: 'process',
    deduplicates: !values.memory,
    away: false,
    confirmed: 0,
    connect: async () => {},
    async publish(message) {
      if (driver.away) throw new Error('away')
      attributesOf(message.body)
      if (waiting.length === 0)
        setImmediate(() => {
          const settled = waiting
          waiting = []
          for (const settle of settled) settle()
        })
      await new Promise<void>(resolve => waiting.push(resolve))
      driver.confirmed++
      return 'accepted'
    },
    health: () => ({ ok: !driver.away, reason: 'away' }),
    close: async () => {},
    end: async () => {},
  }
  return driver
}

function onRedis(at: string): Measured {
  const [host = '127.0.0.1', port = '6379'] = at.split(':')
  const redis = new Redis({ host, port: Number(port), enableAutoPipelining: true })
  const driver: Measured = {
    name: 'redis',
    deduplicates: !values.memory,
    away: false,
    confirmed: 0,
    connect: async () => {},
    async publish({ body }) {
      if (driver.away) throw new Error('away')
      await redis.xadd('bench', 'MAXLEN', '~', '10000', '*', 'event', body)
      driver.confirmed++
      return 'accepted'
    },
    health: () => ({ ok: !driver.away, reason: 'away' }),
    close: async () => {},
    async end() {
      await redis.del('bench')
      redis.disconnect()
    },
  }
  return driver
}

const megabytes = () => Math.round(process.memoryUsage().rss / 1e6)
const seconds = (since: number) => (performance.now() - since) / 1000

/** Events per second through `publish`, so many at a time. */
async function rate(count: number, publish: (message: QueueMessage) => Promise<unknown>): Promise<number> {
  let next = 0
  const step = 20_000
  let time = 0
  while (next < count) {
    // Made outside of what is measured.
    const batch = Array.from({ length: Math.min(step, count - next) }, (_, index) => one(made + index))
    next += batch.length
    made += batch.length
    let at = 0
    const started = performance.now()
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        for (let message = batch[at++]; message !== undefined; message = batch[at++]) await publish(message)
      }),
    )
    time += seconds(started)
  }
  return Math.round(count / time)
}

const driver = values.redis === undefined ? inProcess() : onRedis(values.redis)
const file = values.file ?? join(directory, 'spool.db')
const make = () => {
  const store = createSpoolStore({ file, dedupeWindow: 60_000_000, log: quiet, minFree: 0, ballast: 0 })
  return createSpool({ driver, store, publishTimeout: 10_000, log: quiet, concurrency })
}
const report = (name: string, value: number | string) => console.log(`${name.padEnd(40)} ${value}`)

report('RSS before anything, MB', megabytes())
if (values.only !== 'drain') await storeAll()
if (values.only !== 'store') await drainAll()
await driver.end()
rmSync(directory, { recursive: true })

async function storeAll(): Promise<void> {
  report('driver alone, events/s', await rate(Math.min(events, 200_000), m => driver.publish(m)))
  const spool = make()
  await spool.connect()
  report('through the spool, events/s', await rate(Math.min(events, 200_000), m => spool.publish(m)))
  driver.away = true
  report('stored while away, events/s', await rate(events, m => spool.publish(m)))
  report('RSS with all stored, MB', megabytes())
  await spool.close()
}

async function drainAll(): Promise<void> {
  globalThis.gc?.()
  driver.away = false
  const before = megabytes()
  const waiting = driver.confirmed
  let cpu = process.cpuUsage()
  const started = performance.now()
  const spool = make()
  await spool.connect()
  report('started, s', seconds(started).toFixed(3))
  let most = before
  const total = (await spool.stats()).waiting
  let first: number | undefined
  while (spool.figures().drained < total) {
    await new Promise(resolve => setTimeout(resolve, 50))
    most = Math.max(most, megabytes())
    if (driver.confirmed > waiting) first ??= seconds(started)
  }
  const took = seconds(started)
  cpu = process.cpuUsage(cpu)
  report('first event drained after, s', (first ?? 0).toFixed(3))
  report('drained, events/s', Math.round(total / took))
  report('CPU of both threads, us/event', Math.round((cpu.user + cpu.system) / total))
  report('RSS before and at most, MB', `${before} ${most}`)
  report('driver alone again, events/s', await rate(Math.min(events, 200_000), m => driver.publish(m)))
  await spool.close()
}
