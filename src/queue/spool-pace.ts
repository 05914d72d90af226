/** How much the limit grows while as many events as it allows are confirmed. */
const STEP = 4

/**
 * How many stored events may be under way to the queue at a time: no more than it confirms in time. What it does not confirm in
 * time is published again while it still works on the first, so that a slow queue would be kept busy with the same
 * events. The limit is halved when one is late, and grows again slowly.
 */
export class Pace {
  readonly #most: number
  #limit: number
  /** When the limit was halved, by the clock of `performance`. */
  #halved = -Infinity

  constructor(most: number) {
    this.#most = most
    this.#limit = most
  }

  get limit(): number {
    return Math.floor(this.#limit)
  }

  confirmed(): void {
    this.#limit = Math.min(this.#most, this.#limit + STEP / this.#limit)
  }

  /**
   * An event that was sent at `started` was not confirmed in time, while so many were under way. Those that were sent before the
   * last halving say nothing new.
   */
  late(started: number, now: number, underWay: number): void {
    if (started < this.#halved) return
    this.#halved = now
    this.#limit = Math.max(1, Math.min(this.#limit, underWay) / 2)
  }
}
