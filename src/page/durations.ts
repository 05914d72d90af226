/** From 1 µs to over a minute; what is longer counts as the longest. */
const PER_OCTAVE = 16
const OCTAVES = 26

/**
 * How long things took, as counts in buckets that grow by 4 %: one more costs the same however many there are, and any
 * number of them can be put together. Node's own histogram takes ten times the memory at this precision, and the page
 * keeps one for every few seconds.
 */
export class Durations {
  #counts = new Uint32Array(PER_OCTAVE * OCTAVES)
  #total = 0

  get total(): number {
    return this.#total
  }

  /** In ms. */
  add(duration: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, duration * 1000)) * PER_OCTAVE)
    const last = this.#counts.length - 1
    const index = Math.min(bucket, last)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total++
  }

  addAll(others: Durations): void {
    for (const [index, count] of others.#counts.entries())
      if (count > 0) this.#counts[index] = (this.#counts[index] ?? 0) + count
    this.#total += others.#total
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** The duration that this share of them (above 0, at most 1) did not exceed, in ms, at most 2 % off; null without any. */
  quantile(share: number): number | null {
    let missing = Math.ceil(share * this.#total)
    if (missing === 0) return null
    const bucket = this.#counts.findIndex(count => (missing -= count) <= 0)
    return 2 ** ((bucket + 0.5) / PER_OCTAVE) / 1000
  }
}
