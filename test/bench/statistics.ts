/** A figure of several rounds: its median, and how far that may be off. */
export type Figure = { median: number; noise: number; least: number; most: number; rounds: number[] }

/** The middle of them, or of the two in the middle; NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return (Number(sorted[Math.ceil(middle) - 1]) + Number(sorted[Math.floor(middle)])) / 2
}

/**
 * Sums up what rounds gave. `noise` is twice the standard error of the median, taken from the median distance to it, which a round that
 * went wrong does not move: for values that scatter normally the standard deviation is 1.4826 times that distance, and the standard
 * error of a median 1.2533 times that of a mean.
 */
export function figure(rounds: readonly number[]): Figure {
  const middle = median(rounds)
  const distance = median(rounds.map(value => Math.abs(value - middle)))
  return {
    median: middle,
    noise: (2 * 1.2533 * 1.4826 * distance) / Math.sqrt(rounds.length),
    least: Math.min(...rounds),
    most: Math.max(...rounds),
    rounds: [...rounds],
  }
}

/** The quotients of what was measured in the same round, in which the machine was as busy for both. */
export function ratio(values: readonly number[], bases: readonly number[]): Figure {
  if (values.length !== bases.length) throw new Error('a ratio needs both numbers of each round')
  return figure(values.map((value, round) => value / Number(bases[round])))
}
