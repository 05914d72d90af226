/** Numbers that a seed decides (sfc32): the same seed makes the same cases on every machine. */
export class Random {
  readonly #next: () => number

  constructor(...seed: number[]) {
    let [a, b, c, d] = [seed[0] ?? 0, seed[1] ?? 0, 0x9e3779b9, 1]
    this.#next = () => {
      const sum = (((a + b) | 0) + d) | 0
      d = (d + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + sum) | 0
      return (sum >>> 0) / 2 ** 32
    }
    for (let i = 0; i < 12; i++) this.#next()
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  /** True so often, of 1. */
  chance(probability: number): boolean {
    return this.#next() < probability
  }

  pick<T>(choices: readonly [T, ...T[]]): T
  pick<T>(choices: readonly T[]): T | undefined
  pick<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)]
  }

  /** One of the names, each so often as its weight says. */
  weighted<T extends string>(weights: Record<T, number>): T {
    const entries = Object.entries<number>(weights) as [T, number][]
    let at = this.#next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    const last = entries.at(-1)
    for (const [name, weight] of entries) if ((at -= weight) < 0) return name
    if (last === undefined) throw new RangeError('nothing to choose from')
    return last[0]
  }

  /** Letters and digits; a long one repeats itself. */
  word(length: number): string {
    const letters = Math.floor(this.#next() * 36 ** 8)
      .toString(36)
      .padStart(8, '0')
    return letters.repeat(Math.ceil(length / letters.length)).slice(0, length)
  }

  bytes(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.below(256))).join('')
  }
}
