import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { attributesOf } from '../../src/queue/attributes.ts'
import { createRedisQueue } from '../../src/queue/drivers/redis.ts'
import { createSpoolStore } from '../../src/queue/drivers/sqlite.ts'
import { createSpool } from '../../src/queue/spool.ts'
import type { QueueDriver, QueueMessage } from '../../src/queue/types.ts'
import { brokerOptions } from '../queue/fixtures/broker-options.ts'
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
    rounds: { type: 'string', default: '9' },
  },
})
const events = Number(values.events)
const keys = Number(values.keys)
const concurrency = Number(values.concurrency)
const rounds = Number(values.rounds)
const directory = mkdtempSync(join(tmpdir(), 'spool-bench-'))
let made = 0
const quiet = { info() {}, warn() {}, error() {} }
const padding = 'x'.repeat(Math.max(0, Number(values.size) - 400))
const one = (index: number): QueueMessage =>
  messageWith(
    `room-${index % keys}-0123456789abcdef`,
    JSON.stringify({ event_type: 'message', text: `${index} ${padding}` }),
  )

/** `held` makes what the spool publishes wait, so that the driver can be measured alone meanwhile. */
type Measured = QueueDriver & {
  away: boolean
  held: Promise<void> | undefined
  confirmed: number
  alone: (message: QueueMessage) => Promise<unknown>
  end: () => Promise<void>
}

function measured(driver: QueueDriver, end: () => Promise<void>): Measured {
  const self: Measured = {
    name: driver.name,
    deduplicates: driver.deduplicates,
    away: false,
    held: undefined,
    confirmed: 0,
    connect: () => driver.connect(),
    async publish(message) {
      if (self.away) throw new Error('away')
      if (self.held !== undefined) await self.held
      const outcome = await driver.publish(message)
      self.confirmed++
      return outcome
    },
    alone: message => driver.publish(message),
    health: () => ({ ok: !self.away, reason: 'away' }),
    close: async () => {},
    end,
  }
  return self
}

function inProcess(): Measured {
  let waiting: (() => void)[] = []
  const driver: QueueDriver = {
    name: 'process',
    deduplicates: !values.memory,
    connect: async () => {},
    async publish(message) {
      attributesOf(message.body)
      if (waiting.length === 0)
        setImmediate(() => {
          const settled = waiting
          waiting = []
          for (const settle of settled) settle()
        })
      await new Promise<void>(resolve => waiting.push(resolve))
      return 'accepted'
    },
    health: () => ({ ok: true }),
    close: async () => {},
  }
  return measured(driver, async () => {})
}

/** The service's own driver, on a stream of its own that is kept short. */
async function onRedis(at: string): Promise<Measured> {
  const redis = createRedisQueue({
    ...brokerOptions(`redis://${at}?maxlen=10000`),
    dedupeWindow: values.memory ? 0 : 60_000,
  })
  await redis.connect()
  return measured(redis, () => redis.close())
}

const megabytes = () => Math.round(process.memoryUsage.rss() / 1e6)
const seconds = (since: number) => (performance.now() - since) / 1000

/** Events per second through `publish`, so many at a time. */
async function rate(
  count: number,
  publish: (message: QueueMessage) => Promise<unknown>,
  spent: (cpu: number) => unknown = () => {},
): Promise<number> {
  let cpu = 0
  let next = 0
  const step = 20_000
  let time = 0
  while (next < count) {
    // Made outside of what is measured.
    const batch: QueueMessage[] = Array.from({ length: Math.min(step, count - next) }, (_, index) =>
      one(made + index),
    )
    next += batch.length
    made += batch.length
    let at = 0
    const started = performance.now()
    const before = process.threadCpuUsage()
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        for (let message = batch[at++]; message !== undefined; message = batch[at++]) await publish(message)
      }),
    )
    time += seconds(started)
    const { user, system } = process.threadCpuUsage(before)
    cpu += user + system
  }
  spent(cpu / count)
  return Math.round(count / time)
}

const driver = values.redis === undefined ? inProcess() : await onRedis(values.redis)
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
  report('driver alone, events/s', await rate(Math.min(events, 200_000), driver.alone))
  const spool = make()
  await spool.connect()
  report('through the spool, events/s', await rate(Math.min(events, 200_000), m => spool.publish(m)))
  driver.away = true
  report('stored while away, events/s', await rate(events, m => spool.publish(m)))
  report('RSS with all stored, MB', megabytes())
  await spool.close()
}

/** In rounds, between which the driver is measured alone: the machine may be busy with other things. */
async function drainAll(): Promise<void> {
  globalThis.gc?.()
  driver.away = false
  const before = megabytes()
  let cpu = process.cpuUsage()
  const started = performance.now()
  const spool = make()
  await spool.connect()
  report('started, s', seconds(started).toFixed(3))
  const total = (await spool.stats()).waiting
  const round = Math.floor(total / rounds)
  let most = before
  // Seldom: asking takes some time of the thread that is measured.
  const watch = setInterval(() => (most = Math.max(most, megabytes())), 100)
  const speeds: { drained: number; alone: number }[] = []
  const times = { drained: 0, alone: 0, worker: 0 }
  const already = driver.confirmed
  for (let until = round; until <= total; until += round) {
    const from = driver.confirmed
    const began = performance.now()
    let [main, all] = [process.threadCpuUsage(), process.cpuUsage()]
    while (driver.confirmed < already + until) await sleep(10)
    const count = driver.confirmed - from
    const drained = count / seconds(began)
    ;[main, all] = [process.threadCpuUsage(main), process.cpuUsage(all)]
    times.drained += (main.user + main.system) / count
    times.worker += (all.user + all.system - main.user - main.system) / count
    if (until === round) report('RSS after a round, MB', megabytes())
    if (values.only === 'drain') continue
    const hold = Promise.withResolvers<void>()
    driver.held = hold.promise
    speeds.push({ drained, alone: await rate(round, driver.alone, time => (times.alone += time)) })
    driver.held = undefined
    hold.resolve()
  }
  clearInterval(watch)
  cpu = process.cpuUsage(cpu)
  if (speeds.length > 0) {
    report('drained, events/s, median', Math.round(median(speeds.map(({ drained }) => drained))))
    report('driver alone, events/s, median', Math.round(median(speeds.map(({ alone }) => alone))))
    const ratios = speeds.map(({ drained, alone }) => drained / alone)
    report('drained to alone, median of rounds', median(ratios).toFixed(3))
    for (const [name, time] of Object.entries(times))
      report(`CPU ${name}, us/event`, (time / speeds.length).toFixed(1))
    report('each round', ratios.map(ratio => ratio.toFixed(2)).join(' '))
  } else {
    report('drained, events/s', Math.round(total / seconds(started)))
    report('CPU of both threads, us/event', Math.round((cpu.user + cpu.system) / total))
  }
  report('RSS before and at most, MB', `${before} ${most}`)
  await spool.close()
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
