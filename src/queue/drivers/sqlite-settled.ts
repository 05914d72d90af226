/** Numbers without a gap, first and last included. */
export type Range = readonly [first: number, last: number]

/** Where to read: behind `after`, and before `before`. */
export type Gap = { after: number; before: number }

/**
 * Which of the first events are done with although their rows may still be there: all up to `mark`, which is on disk, and
 * those of `ranges`, in order and apart from each other, which are known in memory alone. To delete rows one by one costs as
 * much as to store them; so they stay until all of their segment can be dropped at once.
 */
export type Settled = { readonly mark: number; readonly ranges: readonly Range[] }

/** Numbers as ranges, in order. */
export function rangesOf(numbers: readonly number[]): Range[] {
  return joined(numbers.map(number => [number, number]))
}

/** How many numbers are in these. */
export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}

/** What of these ranges, which are in order, is not settled yet. */
export function unsettled({ mark, ranges }: Settled, wanted: readonly Range[]): Range[] {
  const result: Range[] = []
  let at = 0
  for (const [start, last] of wanted) {
    let first = Math.max(start, mark + 1)
    for (let range = ranges[at]; range !== undefined && range[0] <= last; range = ranges[++at]) {
      if (range[0] > first) result.push([first, range[0] - 1])
      first = Math.max(first, range[1] + 1)
      // It may reach into what is wanted next.
      if (range[1] > last) break
    }
    if (first <= last) result.push([first, last])
  }
  return result
}

/**
 * Adds what is settled now. `isEmpty` tells whether there is no row between two numbers. `passed` are the ranges that the mark
 * has gone over.
 */
export function settle(
  { mark, ranges }: Settled,
  more: readonly Range[],
  isEmpty: (gap: Gap) => boolean,
): Settled & { passed: Range[] } {
  const all = joined([...ranges, ...more])
  const blocked = all.findIndex(([first], index) => {
    const after = all[index - 1]?.[1] ?? mark
    return first > after + 1 && !isEmpty({ after, before: first })
  })
  const count = blocked === -1 ? all.length : blocked
  return { mark: all[count - 1]?.[1] ?? mark, ranges: all.slice(count), passed: all.slice(0, count) }
}

/** The parts behind `after` in which no event is settled, in order; the last is open. */
export function* gapsBehind({ mark, ranges }: Settled, after: number): Generator<Gap> {
  let from = Math.max(after, mark)
  for (const [first, last] of ranges) {
    if (first > from + 1) yield { after: from, before: first }
    from = Math.max(from, last)
  }
  yield { after: from, before: Number.MAX_SAFE_INTEGER }
}

/** In order, those that touch each other as one. They may come in any order, but not overlap. */
function joined(ranges: readonly Range[]): Range[] {
  const result: [first: number, last: number][] = []
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = result.at(-1)
    if (before?.[1] === first - 1) before[1] = last
    else result.push([first, last])
  }
  return result
}
