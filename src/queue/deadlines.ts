/** In how many ticks a time is counted. */
const TICKS = 10

/**
 * What has to be done within `ms`, and at most a tenth more, by the time that this process runs: while it is stopped, frozen or
 * starved, one tick passes. For when it wakes, its timers are due before it has read a byte of what came meanwhile.
 */
export class Deadlines<T> {
  readonly #ms: number
  readonly #over: (item: T) => void
  /** The tick in which each was added, the oldest first. */
  readonly #added = new Map<T, number>()
  #tick = 0
  #timer: NodeJS.Timeout | undefined

  /** `over` is called with what was not deleted in time; it goes by itself then. */
  constructor(ms: number, over: (item: T) => void) {
    this.#ms = ms
    this.#over = over
  }

  get size(): number {
    return this.#added.size
  }

  /** Those whose time is not over, the oldest first. */
  get items(): Iterable<T> {
    return this.#added.keys()
  }

  add(item: T): void {
    this.#added.set(item, this.#tick)
    this.#timer ??= setInterval(() => this.#sweep(), this.#ms / TICKS)
  }

  /** Whether it was there. With the last one the clock stops. */
  delete(item: T): boolean {
    const was = this.#added.delete(item)
    if (this.#added.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    return was
  }

  #sweep(): void {
    this.#tick++
    for (const [item, added] of this.#added) {
      if (this.#tick - added <= TICKS) return
      this.#over(item)
      this.delete(item)
    }
  }
}
