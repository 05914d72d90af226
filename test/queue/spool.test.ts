import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'
import { MessageRefusedError, QueueUnavailableError } from '../../src/errors.ts'
import { createSqliteQueue } from '../../src/queue/drivers/sqlite.ts'
import { driverContract } from './driver-contract.ts'
import { until } from './drivers/fixtures/engine.ts'
import { consume, options } from './drivers/fixtures/open.ts'
import { confirms, controlledDriver, fails } from './fixtures/controlled-driver.ts'
import { message, messages } from './fixtures/message.ts'
import { openSpool, spoolOn } from './fixtures/spool.ts'

// The embedded queue stands for a broker here: a real one, which deduplicates.
driverContract(t, {
  open(t) {
    const broker = createSqliteQueue(options(t))
    const { spool, make } = spoolOn(t, { driver: broker })
    return {
      driver: spool,
      reopen: () => make(broker).spool,
      consume: async count => (await consume(broker.consumer, count)).map(({ event }) => event),
    }
  },
})

void t.test('goes straight to the queue while that is well', async t => {
  const { spool, control, store } = await openSpool(t)
  control.answer = confirms
  const sent = messages(20)
  t.same(new Set(await Promise.all(sent.map(one => spool.publish(one)))), new Set(['accepted']))
  t.same(control.confirmed, sent)
  t.match(await store.stats(), { waiting: 0 })
  t.match(spool.figures(), { breaker: 'closed', spooled: 0, drained: 0, reason: null, inFlight: 0 })
})

void t.test('keeps what the queue does not take, and brings it there in order', async t => {
  const { spool, control, log } = await openSpool(t)
  control.answer = fails
  const sent = [...messages(20, 'a'), ...messages(20, 'b')]
  t.same(new Set(await Promise.all(sent.map(one => spool.publish(one)))), new Set(['accepted']))
  await until(() => spool.figures().breaker !== 'closed')
  t.match(spool.health(), { ok: true })
  control.answer = confirms
  await until(() => spool.figures().drained === 40)
  for (const key of 'ab')
    t.same(
      control.confirmed.filter(({ partitionKey }) => partitionKey === key).map(({ id }) => id),
      sent.filter(({ partitionKey }) => partitionKey === key).map(({ id }) => id),
    )
  t.equal(log.count('is away'), 1)
  t.equal(await spool.publish(message('c')), 'accepted')
})

void t.test('throws the errors of its store, and may be connected once that is mended', async t => {
  const { spool, make, driver } = await openSpool(t)
  const { spool: second } = make(driver)
  await t.rejects(second.connect(), { code: 'ERR_QUEUE_LOCKED' })
  t.match(second.health(), { ok: false })
  await spool.close()
  await second.connect()
  t.same(second.health(), { ok: true })
})

void t.test('does not start where it could keep nothing, however well its queue is', async t => {
  // Nobody, root included, may write there.
  const { spool, control } = spoolOn(t, { store: { file: '/sys/jelou-receiver/spool.db' } })
  await t.rejects(spool.connect(), { code: 'ERR_QUEUE_UNAVAILABLE', message: /\/sys\/jelou-receiver/ })
  t.match(spool.health(), { ok: false })
  await t.rejects(spool.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE' })
  t.equal(control.connects, 0)
})

void t.test('drains while it closes', async t => {
  const { spool, control, store } = await openSpool(t, { deduplicates: true })
  const settle = store.settle.bind(store)
  store.settle = async events => {
    await new Promise(resolve => setTimeout(resolve, 5))
    return settle(events)
  }
  for (const one of messages(4)) await store.publish(one)
  await until(() => control.pending.length === 1)
  control.answer = confirms
  const closed = spool.close()
  control.pending[0]?.confirm()
  await Promise.all([closed, spool.close()])
  t.equal(control.confirmed.length, 4)
  t.equal(control.closes, 1)
})

void t.test('drains what is stored while it closes', async t => {
  const { spool, control, log } = await openSpool(t, { deduplicates: true, spool: { publishTimeout: 50 } })
  const outcome = spool.publish(message())
  await until(() => control.pending.length === 1)
  control.answer = confirms
  await spool.close()
  t.equal(await outcome, 'accepted')
  t.equal(control.confirmed.length, 1)
  t.equal(log.count('are kept on this machine'), 0)
})

void t.test('leaves for the next start what it cannot drain in time, whatever the queue is then', async t => {
  for (const [name, isAway] of Object.entries({ away: true, slow: false })) {
    const settings = { deduplicates: true, spool: { drainTimeout: 10, publishTimeout: 20 } }
    const { spool, control, log, file } = await openSpool(t, settings)
    control.answer = isAway ? fails : () => {}
    control.health = isAway ? { ok: false, reason: 'away' } : { ok: true }
    const sent = messages(3)
    for (const one of sent) t.equal(await spool.publish(one), 'accepted')
    await spool.close()
    t.match(log.lines.at(-1), { level: 'warn', fields: { events: 3 } }, name)
    const embedded = createSqliteQueue(options(t, { file }))
    t.teardown(() => embedded.close())
    await embedded.connect()
    t.same(
      (await consume(embedded.consumer, 3)).map(({ event }) => String(event)),
      sent.map(({ body }) => String(body)),
    )
  }
})

void t.test('gives an event that is refused no last chance while it closes', async t => {
  // Nor does closing wait for it.
  const settings = { deduplicates: true, spool: { refusedDelay: 600_000, drainTimeout: 600_000 } }
  const { spool, control, file } = await openSpool(t, settings)
  control.answer = one => one.fail(new MessageRefusedError('too large'))
  for (const one of messages(2)) t.equal(await spool.publish(one), 'accepted')
  await until(() => control.published.length === 2)
  await spool.close()
  const embedded = createSqliteQueue(options(t, { file }))
  t.teardown(() => embedded.close())
  await embedded.connect()
  t.match(await embedded.stats(), { waiting: 2, dead: 0 })
})

void t.test('brings to the queue once more what a store that failed has brought back', async t => {
  const { driver, control } = controlledDriver({ deduplicates: true })
  const workerUrl = new URL('drivers/fixtures/controlled-worker.ts', import.meta.url)
  const { spool, store, file } = spoolOn(t, { driver, store: { workerUrl, restartDelay: 1 } })
  const order = (what: string) => writeFileSync(`${file}.order`, what)
  mkdirSync(dirname(file))
  order('')
  control.connecting = new QueueUnavailableError('nobody there')
  await spool.connect()
  for (const one of [message('a'), message('b')]) t.equal(await spool.publish(one), 'accepted')
  control.answer = one => (one.message.partitionKey === 'a' ? control.pending.push(one) : one.confirm())
  control.connecting = undefined
  // Known to the store in memory alone, because the one before it is under way.
  await until(() => control.pending.length === 1 && !store.holds('b'))
  order('crash')
  await until(() => !store.health().ok)
  order('')
  await until(() => store.health().ok)
  control.answer = confirms
  control.pending[0]?.confirm()
  await until(() => spool.figures().drained === 3 && !store.holds('a') && !store.holds('b'))
  t.match(await spool.stats(), { waiting: 0 })
})
