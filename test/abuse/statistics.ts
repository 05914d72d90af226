/** Welch's t of two samples: how far apart their means are, in standard errors. */
export function welch(a: readonly number[], b: readonly number[]): number {
  const [one, two] = [moments(a), moments(b)]
  return (one.mean - two.mean) / Math.sqrt(one.variance / a.length + two.variance / b.length)
}

/** Mann-Whitney's U as a standard normal z: whether values of one sample are larger than those of the other more often than not. */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map(value => ({ value, isOne: true })), ...b.map(value => ({ value, isOne: false }))]
  all.sort((x, y) => x.value - y.value)
  let sum = 0
  for (let from = 0; from < all.length;) {
    let to = from
    while (to < all.length && all[to]?.value === all[from]?.value) to++
    // Those that are equal share their ranks.
    const rank = (from + 1 + to) / 2
    for (let i = from; i < to; i++) if (all[i]?.isOne) sum += rank
    from = to
  }
  const u = sum - (a.length * (a.length + 1)) / 2
  const mean = (a.length * b.length) / 2
  return (u - mean) / Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12)
}

/** Without those above this share of all: what a busy machine adds to a few says nothing. */
export function cropped(samples: readonly number[], limit: number): number[] {
  return samples.filter(value => value <= limit)
}

/** The value below which this share of all is. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

function moments(samples: readonly number[]): { mean: number; variance: number } {
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length
  const variance = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (samples.length - 1)
  return { mean, variance }
}
