import t from 'tap'
import { figure, median, ratio } from './statistics.ts'

t.test('the median is the middle, or between the two in the middle', async t => {
  const cases: [numbers: number[], expected: number][] = [
    [[7], 7],
    [[3, 1, 2], 2],
    [[10, 9], 9.5],
    [[4, 1, 3, 2], 2.5],
    [[5, 100, 5, 5, 1], 5],
  ]
  for (const [numbers, expected] of cases) t.equal(median(numbers), expected, numbers.join(' '))
  t.ok(Number.isNaN(median([])))
})

t.test('a figure has the noise of its median, which one bad round does not move', async t => {
  const calm = figure([100, 101, 99, 100, 102])
  t.match(calm, { median: 100, least: 99, most: 102, rounds: [100, 101, 99, 100, 102] })
  t.equal(calm.noise.toFixed(3), (2 * 1.2533 * 1.4826 * (1 / Math.sqrt(5))).toFixed(3))
  t.equal(figure([100, 101, 99, 100, 9]).noise, calm.noise)
  t.equal(figure([5]).noise, 0, 'one round tells of no noise')
})

t.test('a ratio is of what was measured in the same round', async t => {
  // Each round is twice as busy as the one before: the ratio does not notice.
  t.match(ratio([50, 25, 12.5], [100, 50, 25]), { median: 0.5, noise: 0 })
  t.throws(() => ratio([1], [1, 2]))
})
