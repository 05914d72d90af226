import t from 'tap'
import {
  countOf,
  gapsBehind,
  rangesOf,
  settle,
  unsettled,
  type Gap,
  type Range,
} from '../../../src/queue/drivers/sqlite-settled.ts'

const END = Number.MAX_SAFE_INTEGER
/** Numbers with gaps, the same in each run. */
const some = (seed: number, upTo: number) =>
  Array.from({ length: upTo }, (_, index) => index + 1).filter(number => (number * seed) % 7 > 2)
const numbersOf = (ranges: readonly Range[]) =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index))

void t.test('makes ranges of numbers, and numbers of ranges', async t => {
  t.same(rangesOf([5, 1, 2, 3, 9, 4]), [
    [1, 5],
    [9, 9],
  ])
  t.same(rangesOf([]), [])
  for (const seed of [1, 2, 3, 5]) {
    const numbers = some(seed, 50)
    t.same(numbersOf(rangesOf(numbers.toReversed())), numbers)
    t.equal(countOf(rangesOf(numbers)), numbers.length)
  }
})

void t.test('says what is new, and what lies between', async t => {
  for (const seed of [1, 2, 3, 4, 5, 6])
    for (const other of [1, 2, 3, 4, 5, 6])
      for (const mark of [0, 4, 20, 60]) {
        const settled = { mark, ranges: rangesOf(some(seed, 50).filter(number => number > mark + 1)) }
        const isSettled = (number: number) => number <= mark || numbersOf(settled.ranges).includes(number)
        const wanted = some(other, 55)
        t.same(
          numbersOf(unsettled(settled, rangesOf(wanted))),
          wanted.filter(number => !isSettled(number)),
          `${other} without ${seed} and all up to ${mark}`,
        )
        for (const after of [0, 3, 25, 70]) {
          const gaps = [...gapsBehind(settled, after)]
          t.same(
            Array.from({ length: 80 }, (_, index) => index + 1).filter(number =>
              gaps.some(gap => gap.after < number && number < gap.before),
            ),
            Array.from({ length: 80 }, (_, index) => index + 1).filter(
              number => number > after && !isSettled(number),
            ),
            `the gaps of ${seed} and all up to ${mark}, behind ${after}`,
          )
          t.equal(gaps.at(-1)?.before, END)
        }
      }
})

void t.test('the mark goes as far as nothing that is there is left behind it', async t => {
  const rows = [1, 2, 3, 7, 8, 9, 10]
  const isEmpty = ({ after, before }: Gap) => !rows.some(row => row > after && row < before)
  const start = { mark: 0, ranges: [] }
  const behind = settle(start, [[2, 3]], isEmpty)
  t.same(behind, { mark: 0, ranges: [[2, 3]], passed: [] })
  const over = settle(
    behind,
    [
      [1, 1],
      [8, 9],
    ],
    isEmpty,
  )
  t.same(over, { mark: 3, ranges: [[8, 9]], passed: [[1, 3]] })
  t.same(
    settle(over, [[7, 7]], isEmpty),
    { mark: 9, ranges: [], passed: [[7, 9]] },
    'over numbers without a row',
  )
  t.same(settle(over, [], isEmpty), { mark: 3, ranges: [[8, 9]], passed: [] })
})
