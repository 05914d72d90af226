import t from 'tap'
import { Pace } from '../../src/queue/spool-pace.ts'
import { until } from './drivers/fixtures/engine.ts'
import { fails } from './fixtures/controlled-driver.ts'
import { message } from './fixtures/message.ts'
import { openSpool } from './fixtures/spool.ts'

/** What of so many events is under way at a time once that many of them were confirmed. */
function after(pace: Pace, confirmed: number): number {
  for (let count = 0; count < confirmed; count++) pace.confirmed()
  return pace.limit
}

t.test('it begins with the most that there may be, and never allows more', async t => {
  const pace = new Pace(1_024)
  t.equal(pace.limit, 1_024)
  t.equal(after(pace, 5_000), 1_024)
})

t.test('it halves when one is late, once for all that were under way then', async t => {
  const pace = new Pace(1_024)
  pace.late(0, 100, 1_024)
  pace.late(50, 101, 1_000)
  pace.late(99, 150, 900)
  t.equal(pace.limit, 512)
  pace.late(100, 200, 512)
  t.equal(pace.limit, 256)
})

t.test('it halves what was under way, where that is less than there might have been', async t => {
  const pace = new Pace(1_024)
  pace.late(0, 100, 40)
  t.equal(pace.limit, 20)
})

t.test('it allows one at least', async t => {
  const pace = new Pace(4)
  for (let round = 0; round < 10; round++) pace.late(round * 100, round * 100 + 100, 4)
  t.equal(pace.limit, 1)
})

t.test('it grows by a few for each time that so many were confirmed', async t => {
  const pace = new Pace(1_024)
  pace.late(0, 1, 1_024)
  t.equal(after(pace, 512), 515)
  t.equal(after(pace, 50_000), 816)
  t.equal(after(pace, 50_000), 1_024)
})

t.test('the drain gives a queue that is slow no more than it can confirm in time', async t => {
  const events = 400
  const { spool, control } = await openSpool(t, { deduplicates: true, spool: { publishTimeout: 100 } })
  control.health = { ok: false, reason: 'disconnected' }
  control.answer = fails
  for (let count = 0; count < events; count++)
    t.equal(await spool.publish(message(`key ${count}`)), 'accepted')
  const before = control.published.length
  // It works on one after another, also on those for which nobody waits any more.
  control.answer = undefined
  control.health = { ok: true }
  const working = setInterval(() => control.pending.splice(0, 2).forEach(one => one.confirm()), 10)
  t.teardown(() => clearInterval(working))
  await until(() => spool.figures().drained === events)
  const published = control.published.length - before
  t.ok(published < 8 * events, `${published} were published to drain ${events}`)
})
