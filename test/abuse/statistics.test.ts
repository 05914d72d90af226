import t from 'tap'
import { mannWhitney, quantile, welch } from './statistics.ts'
import { Random } from './random.ts'

t.test('two samples of one kind cannot be told apart, and two of two kinds can', async t => {
  const random = new Random(1)
  const sample = (shift: number) => Array.from({ length: 5_000 }, () => random.below(1_000) + shift)
  const [one, same, other] = [sample(0), sample(0), sample(40)]
  for (const [name, test] of Object.entries({ welch, mannWhitney })) {
    t.ok(Math.abs(test(one, same)) < 4, `${name}: ${test(one, same)}`)
    t.ok(test(one, other) < -4.5, `${name}: ${test(one, other)}`)
    t.ok(test(other, one) > 4.5)
  }
})

t.test('by hand', async t => {
  t.equal(welch([1, 2, 3], [4, 5, 6]).toFixed(4), '-3.6742')
  t.equal(mannWhitney([1, 2, 3], [4, 5, 6]).toFixed(4), '-1.9640')
  t.equal(mannWhitney([1, 1], [1, 1]), 0)
  t.equal(quantile([3, 1, 2, 4], 0.5), 3)
})
