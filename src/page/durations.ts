/** From 1 µs to over a minute; what is longer counts as the longest. */
const PER_OCTAVE = 16
const LAST = 26 * PER_OCTAVE - 1

/**
 * How long things took, as counts in buckets that grow by 4 %: one more costs the same however many there are, and any
 * number of them can be put together. Node's own histogram takes 20 kB at this precision whatever it holds, and the page keeps
 * one for every few seconds.
 */
export class Durations {
  readonly #counts = new Map<number, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  /** In ms. */
  add(duration: number): void {
    this.#add(Math.min(LAST, Math.floor(Math.log2(Math.max(1, duration * 1000)) * PER_OCTAVE)), 1)
  }

  addAll(others: Durations): void {
    for (const [bucket, count] of others.#counts) this.#add(bucket, count)
  }

  clear(): void {
    this.#counts.clear()
    this.#total = 0
  }

  /** The duration that this share of them (above 0, at most 1) did not exceed, in ms, at most 2.2 % off; null without any. */
  quantile(share: number): number | null {
    let missing = Math.ceil(share * this.#total)
    for (const [bucket, count] of [...this.#counts].toSorted(([one], [other]) => one - other)) {
      missing -= count
      if (missing <= 0) return 2 ** ((bucket + 0.5) / PER_OCTAVE) / 1000
    }
    return null
  }

  #add(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    this.#total += count
  }
}
