import t from 'tap'
import { backoff } from '../../src/queue/backoff.ts'

t.test('doubles up to the most, half of it by chance', async t => {
  const pauses = { first: 100, most: 1000 }
  const cases = [
    [0, 0, 50],
    [0, 0.5, 75],
    [1, 0, 100],
    [3, 0, 400],
    [4, 0, 500],
    [2000, 0, 500],
  ] as const
  for (const [before, chance, expected] of cases)
    t.equal(
      backoff(before, pauses, () => chance),
      expected,
    )
  t.ok(backoff(0, pauses) < 100)
})
