import t from 'tap'
import { createRandom } from './random.ts'

function draw(seed: number, label?: string): number[] {
  const random = createRandom(seed, label)
  return Array.from({ length: 5 }, () => random.next())
}

t.test('the same seed and label give the same numbers, others give others', async t => {
  t.same(draw(1), draw(1))
  t.same(draw(1, 'a'), draw(1, 'a'))
  t.notSame(draw(1), draw(2))
  t.notSame(draw(1, 'a'), draw(1, 'b'))
})

t.test('every number is within its bounds, and both of them come up', async t => {
  const random = createRandom(1)
  const drawn = Array.from({ length: 500 }, () => random.int(3, 5))
  t.same(new Set(drawn), new Set([3, 4, 5]))
})

t.test('a shuffled list has the same in another order, and nothing is picked from an empty one', async t => {
  const random = createRandom(1)
  const list = Array.from({ length: 20 }, (_, index) => index)
  const shuffled = random.shuffle(list)
  t.notSame(shuffled, list)
  t.same(
    shuffled.toSorted((a, b) => a - b),
    list,
  )
  t.ok(list.includes(random.pick(list)))
  t.throws(() => random.pick([]), RangeError)
})
