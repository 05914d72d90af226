import t from 'tap'
import type { LoadResult } from './load/load.ts'
import { warmed } from './warm.ts'

/** A load of which so many requests were answered 200, and as many 401. */
function load(count: number): LoadResult {
  const answered = { count, inTime: count, p50: 1, p99: 1, p999: 1, max: 1 }
  return {
    statuses: { 200: answered, 401: answered },
    broken: 0,
    used: 2 * count + 1,
    unsent: 0,
    seconds: 2,
    cpu: 1,
  }
}

t.test('a subject is warmed until it has answered enough, or for long enough', async t => {
  const cases: [name: string, answers: number, counts: number[], loads: number][] = [
    ['once, if nothing more is asked', 0, [5], 1],
    ['once, if that is enough', 10, [5], 1],
    ['again, as long as it is not', 30, [5], 3],
    ['all of those that are sent to at once count', 30, [5, 10], 1],
    ['no longer than eight seconds', 1_000, [5], 4],
  ]
  for (const [name, answers, counts, loads] of cases) {
    const used: number[] = []
    const result = await warmed({ seconds: 2, answers }, async (seconds, before) => {
      t.equal(seconds, 2)
      used.push(before)
      return counts.map(load)
    })
    const each = counts.reduce((sum, count) => sum + 2 * count + 1, 0)
    t.strictSame(
      used,
      Array.from({ length: loads }, (_, index) => index * each),
      name,
    )
    const taken = counts.reduce((sum, count) => sum + count, 0)
    t.match(result, { used: loads * each, taken: loads * taken }, name)
  }
})
