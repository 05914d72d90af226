import { performance } from 'node:perf_hooks'
import t from 'tap'
import { backoff, pause } from '../../src/jelou/backoff.ts'

void t.test('doubles from half a second to a minute, half of it by chance', async t => {
  const cases: [attempt: number, least: number, most: number][] = [
    [1, 250, 500],
    [2, 500, 1000],
    [3, 1000, 2000],
    [7, 16_000, 32_000],
    [8, 30_000, 60_000],
    [5000, 30_000, 60_000],
  ]
  for (const [attempt, least, most] of cases) {
    t.equal(backoff(attempt, { random: () => 0 }), least, `attempt ${attempt}, the least`)
    t.equal(backoff(attempt, { random: () => 1 - Number.EPSILON }), most, `attempt ${attempt}, the most`)
  }
})

void t.test('never waits less than Jelou asked for', async t => {
  t.equal(backoff(1, { retryAfter: 600_000 }), 600_000, 'more than a minute too')
  t.equal(backoff(8, { retryAfter: 1, random: () => 0 }), 30_000, 'a shorter one does not shorten the wait')
})

void t.test('draws by itself', async t => {
  const drawn = new Set(Array.from({ length: 50 }, () => backoff(8)))
  t.ok(drawn.size > 1, 'not always the same')
  for (const delay of drawn) t.ok(delay >= 30_000 && delay <= 60_000)
})

void t.test('a pause lasts its time unless the signal ends it', async t => {
  const start = performance.now()
  t.equal(await pause(20), true)
  t.ok(performance.now() - start >= 18)
  t.equal(await pause(1, new AbortController().signal), true)

  const controller = new AbortController()
  const ended = pause(600_000, controller.signal)
  controller.abort()
  t.equal(await ended, false)
  t.equal(await pause(600_000, controller.signal), false, 'ended before it began')
})
