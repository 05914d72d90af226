import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { flights } from '../../../src/queue/drivers/flights.ts'
import { MOST_UNDER_WAY } from '../../../src/queue/drivers/under-way.ts'

void t.test('fails what is late, and tells that nothing moves', async t => {
  let stalls = 0
  const open = flights({ timeout: 100, onStall: () => stalls++ })
  const [first, second] = [open.begin(1), open.begin(1)]
  first.confirm('duplicate')
  t.equal(await first.settled, 'duplicate')
  await t.rejects(second.settled, { code: 'ERR_QUEUE_UNAVAILABLE', message: /within 100 ms/ })
  await open.landed()
  // From here on nothing was confirmed in all the time of a flight.
  const before = stalls
  const third = open.begin(1)
  await t.rejects(third.settled, { code: 'ERR_QUEUE_UNAVAILABLE' })
  t.equal(stalls, before + 1)
})

void t.test('waits for each as long as for the first, while others are confirmed', async t => {
  let stalls = 0
  const open = flights({ timeout: 1_000, onStall: () => stalls++ })
  const late = t.rejects(open.begin(1).settled, { code: 'ERR_QUEUE_UNAVAILABLE' })
  const others = setInterval(() => open.begin(1).confirm('accepted'), 10)
  t.teardown(() => clearInterval(others))
  await sleep(500)
  const next = open.begin(1)
  await late
  clearInterval(others)
  t.equal(stalls, 0)
  next.confirm('accepted')
  t.equal(await next.settled, 'accepted')
  await open.landed()
})

void t.test('fails all, each for a reason of its own, once', async t => {
  const open = flights({ timeout: 1_000, onStall() {} })
  const [one, two] = [open.begin(1), open.begin(2)]
  open.failAll(({ bytes }) => new Error(String(bytes)))
  one.confirm('accepted')
  await t.rejects(one.settled, { message: '1' })
  await t.rejects(two.settled, { message: '2' })
})

void t.test('leaves those without a reason to their own end', async t => {
  const open = flights({ timeout: 60_000, onStall() {} })
  const [one, two] = [open.begin(1), open.begin(2)]
  open.failAll(({ bytes }) => (bytes === 1 ? new Error('why') : undefined))
  await t.rejects(one.settled, { message: 'why' })
  two.confirm('accepted')
  t.equal(await two.settled, 'accepted')
  await open.landed()
})

void t.test('is bounded', async t => {
  const open = flights({ timeout: 60_000, onStall() {} })
  for (const bytes of [1, MOST_UNDER_WAY.bytes / 4]) {
    const length = Math.min(MOST_UNDER_WAY.events, MOST_UNDER_WAY.bytes / bytes)
    const begun = Array.from({ length }, () => open.begin(bytes))
    t.throws(() => open.begin(1), { code: 'ERR_QUEUE_OVERLOADED' })
    const landed = open.landed()
    for (const flight of begun) {
      flight.confirm('accepted')
      flight.fail(new Error('what comes later gives no room twice'))
    }
    await landed
  }
})
