import { setTimeout as sleep } from 'node:timers/promises'

/** Events settled in one call. */
const MAX_BATCH = 4_096

/**
 * Settles events in batches, one call at a time: what comes meanwhile waits for the next. What fails is tried again,
 * for as long as the store cannot take it.
 */
export class Settler {
  readonly #settle: (seqs: number[]) => Promise<void>
  readonly #pause: number
  #waiting: number[] = []
  #running: Promise<void> | undefined
  #stopped = false

  constructor(settle: (seqs: number[]) => Promise<void>, pause: number) {
    this.#settle = settle
    this.#pause = pause
  }

  add(seq: number): void {
    this.#waiting.push(seq)
    this.#running ??= this.#run()
  }

  /** Resolves once nothing waits. */
  async flushed(): Promise<void> {
    await this.#running
  }

  /** Gives up what fails from now on. */
  stop(): void {
    this.#stopped = true
  }

  async #run(): Promise<void> {
    // What settles in one turn of the event loop goes together.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      try {
        await this.#settle(batch)
      } catch {
        if (this.#stopped) break
        this.#waiting.unshift(...batch)
        await sleep(this.#pause)
      }
    }
    this.#running = undefined
  }
}
