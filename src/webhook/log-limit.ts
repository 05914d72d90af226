/** Lets a bounded number of log lines through per second, so that a flood of bad requests is no flood of lines. */
export class LogLimit {
  readonly #perSecond: number
  readonly #now: () => number
  #second = 0
  #admitted = 0
  #suppressed = 0

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond
    this.#now = now
  }

  /** The number of lines suppressed since the last one admitted, or undefined when this one is suppressed too. */
  admit(): number | undefined {
    const second = Math.floor(this.#now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#admitted = 0
    }
    if (this.#admitted === this.#perSecond) {
      this.#suppressed++
      return undefined
    }
    this.#admitted++
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed
  }
}
