import t from 'tap'
import { steadyClock } from '../../../src/queue/drivers/steady-clock.ts'

void t.test('goes on from the time of the start, however the clock is set', async t => {
  let wall = 1_700_000_000_000
  let monotonic = 500.25
  const now = steadyClock(
    () => wall,
    () => monotonic,
  )
  t.equal(now(), 1_700_000_000_000)
  wall -= 6 * 3_600_000
  monotonic += 1_000.5
  t.equal(now(), 1_700_000_001_000)
  wall += 12 * 3_600_000
  t.equal(now(), 1_700_000_001_000)
})

void t.test("is the system's time", async t => {
  const now = steadyClock()
  const before = Date.now()
  const time = now()
  t.ok(time >= before - 2 && time <= Date.now() + 2, `${time - before} ms`)
})
