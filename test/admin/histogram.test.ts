import t from 'tap'
import { AGES, Buckets, DURATIONS } from '../../src/admin/histogram.ts'

t.test('a value belongs below the first bound that is not smaller', async t => {
  const buckets = new Buckets([1, 2, 5])
  for (const value of [0, 1, 1.5, 2, 4, 5, 5.1, Infinity]) buckets.observe(value)
  t.same([...buckets.counts], [2, 2, 2, 2])
})

t.test('what was observed is summed up', async t => {
  const buckets = new Buckets([1])
  for (const value of [0.25, 0.5, 2]) buckets.observe(value)
  t.equal(buckets.sum, 2.75)
})

t.test('the bounds ascend, and show what is asked for', async t => {
  for (const bounds of [DURATIONS, AGES])
    t.same(
      bounds,
      bounds.toSorted((a, b) => a - b),
    )
  for (const seconds of [0.001, 2, 5, 20]) t.ok(DURATIONS.includes(seconds), `${seconds} s`)
})
