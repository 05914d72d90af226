import { setTimeout as sleep } from 'node:timers/promises'
import type { Located } from './types.ts'

/** Events settled in one call. */
const MAX_BATCH = 4_096
/** How long to wait for more before each call, in ms: each is synced to the disk. */
const GATHERING = 50

/** Times in ms. */
export type SettlerOptions = {
  settle: (events: Located[]) => Promise<void>
  /** How long to wait after a call that failed. */
  pause: number
}

/**
 * Settles events in batches, one call at a time: what comes meanwhile waits for the next. What fails is tried again,
 * for as long as the store cannot take it.
 */
export class Settler {
  readonly #options: SettlerOptions
  readonly #stopping = new AbortController()
  #waiting: Located[] = []
  #running: Promise<void> | undefined

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  /** Only its number and key are kept, not its body. */
  add({ seq, key }: Located): void {
    this.#waiting.push({ seq, key })
    this.#running ??= this.#run()
  }

  /** Resolves once nothing waits. */
  async flushed(): Promise<void> {
    await this.#running
  }

  /** Gives up what fails from now on. */
  stop(): void {
    this.#stopping.abort()
  }

  async #run(): Promise<void> {
    const { settle, pause } = this.#options
    const { signal } = this.#stopping
    while (this.#waiting.length > 0) {
      await sleep(GATHERING)
      const batch = this.#waiting.splice(0, MAX_BATCH)
      try {
        await settle(batch)
      } catch {
        if (signal.aborted) break
        this.#waiting.unshift(...batch)
        await sleep(pause)
      }
    }
    this.#running = undefined
  }
}
