import t from 'tap'
import { Durations } from '../../src/page/durations.ts'

function durations(...list: number[]): Durations {
  const durations = new Durations()
  for (const duration of list) durations.add(duration)
  return durations
}

t.test('a quantile is what that share did not exceed, at most 2.2 % off', async t => {
  const hundred = Array.from({ length: 100 }, (_, place) => place + 1)
  const cases: [list: number[], share: number, expected: number][] = [
    [[3], 0.5, 3],
    [[3], 0.99, 3],
    [[1, 2], 0.5, 1],
    [[1, 2], 0.51, 2],
    [[2, 1, 100], 1, 100],
    [hundred, 0.5, 50],
    [hundred, 0.99, 99],
    [hundred, 1, 100],
    [[0.25, 0.5], 0.5, 0.25],
    [[60_000], 0.5, 60_000],
  ]
  for (const [list, share, expected] of cases) {
    const found = durations(...list).quantile(share) ?? 0
    t.ok(Math.abs(found / expected - 1) < 0.022, `${list.length} from ${list[0]}, ${share}: ${found}`)
  }
})

t.test('what is outside the buckets counts in the first and the last', async t => {
  const shortest = durations(0, -1, 1e-9).quantile(1) ?? 1
  t.ok(shortest < 0.0011)
  const longest = durations(1e12).quantile(1) ?? 0
  t.ok(longest > 60_000 && longest < 70_000)
})

t.test('many are put together, and cleared', async t => {
  const all = durations(1, 1)
  t.equal(new Durations().quantile(0.5), null)
  all.addAll(durations(100, 100, 100))
  t.equal(all.total, 5)
  t.ok((all.quantile(0.5) ?? 0) > 90)
  all.clear()
  t.equal(all.total, 0)
  t.equal(all.quantile(0.5), null)
})
