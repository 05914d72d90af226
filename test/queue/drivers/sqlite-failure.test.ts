import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import t from 'tap'
import { createSqliteQueue, type SqliteQueueOptions } from '../../../src/queue/drivers/sqlite.ts'
import { message, messages } from '../fixtures/message.ts'
import { clockedWorker, sharedClock } from './fixtures/clock.ts'
import { freeze } from '../../fixtures/freeze.ts'
import { until } from './fixtures/engine.ts'
import { consume, open, options } from './fixtures/open.ts'

const UNAVAILABLE = { code: 'ERR_QUEUE_UNAVAILABLE', statusCode: 503 }

/** A queue whose worker does what it is ordered to: nothing special, throw, crash, exit, hang, full, no room. */
function controlled(t: Test, changed: Partial<SqliteQueueOptions> = {}) {
  const lines: string[] = []
  const note = (...line: unknown[]) => void lines.push(String(line.at(-1)))
  const log = { info: note, warn: note, error: note }
  const workerUrl = new URL('fixtures/controlled-worker.ts', import.meta.url)
  const settings = options(t, { workerUrl, log, minFree: 1, ...changed })
  const order = (what: string): void => {
    // The worker must not read half of it.
    writeFileSync(`${settings.file}.order.new`, what)
    renameSync(`${settings.file}.order.new`, `${settings.file}.order`)
  }
  mkdirSync(dirname(settings.file))
  order('')
  const queue = createSqliteQueue(settings)
  t.teardown(() => queue.close())
  return { queue, order, lines }
}

void t.test('fails what was in flight when the worker died, and starts another', async t => {
  for (const fault of ['throw', 'crash']) {
    const { queue, order, lines } = controlled(t)
    await queue.connect()
    const before = message()
    await queue.publish(before)
    const [received] = await queue.consumer.receive({ max: 1, wait: 0, lease: 60_000 })
    const waiting = queue.consumer.receive({ max: 1, wait: 60_000, lease: 60_000 })
    order(fault)
    const outcomes = await Promise.allSettled([...messages(3).map(one => queue.publish(one)), waiting])
    for (const outcome of outcomes) t.match(outcome, { status: 'rejected', reason: UNAVAILABLE }, fault)
    await until(() => !queue.health().ok)
    await t.rejects(queue.publish(message()), UNAVAILABLE)
    await t.rejects(queue.stats(), UNAVAILABLE)
    order('')
    await until(() => queue.health().ok)
    t.ok(lines.includes('the queue is open again'))
    t.equal(await queue.publish(before), 'duplicate')
    t.equal(await queue.publish(message()), 'accepted')
    const lease = received?.lease ?? ''
    t.same(
      await queue.consumer.acknowledge([lease]),
      { settled: 0, expired: [lease] },
      'leases ended with it',
    )
    t.same((await consume(queue.consumer, 2))[0]?.event, before.body)
  }
})

void t.test('says why it is not available', async t => {
  const { queue, order } = controlled(t, { restartDelay: 60_000 })
  await queue.connect()
  order('throw')
  await t.rejects(queue.publish(message()), { message: /the disk has gone/ })
  await until(() => !queue.health().ok)
  t.same(queue.health(), { ok: false, reason: 'the disk has gone' })
  await queue.close()
  t.same(queue.health(), { ok: false, reason: 'it is closed' }, 'and no restart is left')
})

void t.test('waits longer before each start that fails', async t => {
  const delays: unknown[] = []
  const warn = (fields: unknown) => void delays.push(fields)
  const { queue, order } = controlled(t, { log: { info() {}, error() {}, warn } })
  await queue.connect()
  order('throw')
  await until(() => delays.length > 0)
  order('exit')
  await until(() => delays.length >= 3)
  t.match(delays.slice(0, 3), [{ delay: 1 }, { delay: 2 }, { delay: 4 }])
})

void t.test('says which file cannot be opened, and why', async t => {
  const cases = [
    [
      'no room',
      'ERR_QUEUE_FULL',
      /queue\.db cannot be opened: database or disk is full\. Make room on its disk$/,
    ],
    ['throw', UNAVAILABLE.code, /queue\.db cannot be opened: the disk has gone$/],
  ] as const
  for (const [what, code, message] of cases) {
    const { queue, order } = controlled(t)
    order(what)
    await t.rejects(queue.connect(), { code, message, cause: { reason: String } })
  }
})

void t.test('does not start again what never started', async t => {
  const { queue, order } = controlled(t)
  order('exit')
  await t.rejects(queue.connect(), { ...UNAVAILABLE, message: /its worker has ended/ })
  t.same(queue.health(), { ok: false, reason: 'it is closed' })
  order('')
  await queue.connect()
  t.equal(await queue.publish(message()), 'accepted', 'but may be told to')
})

void t.test('does not wait for a disk that hangs, and takes events again once it answers', async t => {
  const { queue, order } = controlled(t, { commitTimeout: 50 })
  await queue.connect()
  order('hang')
  const late = message()
  await t.rejects(queue.publish(late), { ...UNAVAILABLE, message: /no answer from the disk within 50 ms/ })
  t.match(queue.health(), { ok: false, reason: /no answer/ })
  await t.rejects(queue.publish(message()), UNAVAILABLE, 'at once')
  order('')
  // A busy machine may take longer than that once more: who is told 503 tries again.
  let outcome: string
  do {
    await until(() => queue.health().ok)
    outcome = await queue.publish(late).catch(({ code }: Error & { code: string }) => code)
  } while (outcome === UNAVAILABLE.code)
  t.equal(outcome, 'duplicate', 'it had been stored after all')
})

void t.test('who asks how full it is waits less for a disk that hangs than an event does', async t => {
  const { queue, order } = controlled(t, { commitTimeout: 60_000, statsTimeout: 50 })
  await queue.connect()
  order('hang')
  const late = queue.publish(message())
  await turn()
  await t.rejects(queue.stats(), { ...UNAVAILABLE, message: /no answer from the disk within 50 ms/ })
  t.same(queue.health(), { ok: true }, 'it may be slow, no more')
  order('')
  t.equal(await late, 'accepted')
})

void t.test('gives back what it leased for a consumer that waits no more', async t => {
  const queue = await open(t, { commitTimeout: 1_000 })
  await queue.publish(message())
  await turn()
  const late = queue.consumer.receive({ max: 1, wait: 0, lease: 60_000 })
  // The answer comes meanwhile, but this thread sees first that its time is over.
  freeze(1_500)
  await t.rejects(late, UNAVAILABLE)
  t.match(await queue.consumer.receive({ max: 1, wait: 10_000, lease: 60_000 }), [{ attempts: 1 }])
})

void t.test('takes events although a clock that was set back keeps a consumer waiting', async t => {
  sharedClock(1_776_134_278_574)
  const queue = await open(t, { workerUrl: clockedWorker, commitTimeout: 1_000 })
  const request = { max: 1, wait: 1, lease: 60_000 }
  await t.rejects(queue.consumer.receive(request), UNAVAILABLE)
  await until(() => queue.health().ok)
  t.equal(await queue.publish(message()), 'accepted')
  t.match(await queue.stats(), { waiting: 1, leased: 0 }, 'nothing is given to it any more')
})

void t.test('closes even when the disk hangs', async t => {
  const { queue, order } = controlled(t, { commitTimeout: 50 })
  await queue.connect()
  order('hang')
  const hanging = queue.publish(message())
  await t.rejects(hanging, UNAVAILABLE)
  await queue.close()
  t.notOk(queue.health().ok)
})

void t.test('stays closed when it was just being opened again', async t => {
  const { queue, order, lines } = controlled(t)
  await queue.connect()
  order('crash')
  await t.rejects(queue.publish(message()), UNAVAILABLE)
  order('hang')
  // The pause is over, and the next worker begins to open the file.
  await sleep(20)
  const closing = queue.close()
  order('')
  await closing
  t.same(queue.health(), { ok: false, reason: 'it is closed' })
  t.notOk(lines.includes('the queue is open again'))
  await queue.connect()
  t.equal(await queue.publish(message()), 'accepted', 'and may be opened by whoever wants to')
})

void t.test('says that the disk is full, and recovers without traffic', async t => {
  const { queue, order } = controlled(t)
  await queue.connect()
  order('full')
  await until(() => !queue.health().ok)
  t.match(queue.health(), { reason: /0 MiB are free/ })
  await t.rejects(queue.publish(message()), { code: 'ERR_QUEUE_FULL', statusCode: 503 })
  order('')
  await until(() => queue.health().ok)
  t.equal(await queue.publish(message()), 'accepted')
})
