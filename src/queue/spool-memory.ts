import type { DriverLog, QueueMessage, SpoolStore } from './types.ts'

export type MemoryOptions = {
  store: SpoolStore
  /** The most that an event waits for the answer whether it is known, in ms. */
  timeout: number
  log: DriverLog
}

/** Events that are asked for before the turn is over: one that reads of thousands of connections takes seconds. */
const MOST_ASKED = 1_024

type Asking = { message: QueueMessage; answer: (isKnown: boolean) => void }

/**
 * The ids of events that a queue confirmed which has no memory of its own. What one turn of the event loop asks goes
 * to the store together. A store that fails or hangs holds nobody up: events then pass as unknown.
 */
export class Memory {
  readonly #options: MemoryOptions
  #asking: Asking[] = []
  #confirmed: QueueMessage[] = []
  #scheduled = false
  #late = 0
  #working = true

  constructor(options: MemoryOptions) {
    this.#options = options
  }

  /** Whether repeated events are recognised now. */
  get working(): boolean {
    return this.#working
  }

  /** Whether an event was confirmed before, as far as is known. Never throws. */
  knows(message: QueueMessage): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    // A question that waits too long already would only be joined by others.
    if (this.#late > 0) resolve(false)
    else {
      this.#asking.push({ message, answer: resolve })
      if (this.#asking.length === MOST_ASKED) this.#flush()
      else this.#schedule()
    }
    return promise
  }

  /** Remembers an event that was confirmed. */
  remember(message: QueueMessage): void {
    this.#confirmed.push(message)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    const { store } = this.#options
    const [asking, confirmed] = [this.#asking, this.#confirmed]
    this.#asking = []
    this.#confirmed = []
    this.#scheduled = false
    // First, so that what is asked in the same turn is found.
    if (confirmed.length > 0) {
      store.remember(confirmed)
      const health = store.health()
      this.#report(health.ok ? undefined : health.reason)
    }
    if (asking.length > 0) void this.#ask(asking)
  }

  async #ask(asking: readonly Asking[]): Promise<void> {
    const { store, timeout } = this.#options
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#late++
      this.#report(`no answer within ${timeout} ms`)
      for (const { answer } of asking) answer(false)
    }, timeout)
    const known = await this.#known(store, asking)
    clearTimeout(timer)
    if (isLate) this.#late--
    for (const [index, { answer }] of asking.entries()) answer(known.has(index))
  }

  async #known(store: SpoolStore, asking: readonly Asking[]): Promise<ReadonlySet<number>> {
    try {
      const known = await store.seen(asking.map(({ message }) => message))
      const health = store.health()
      this.#report(health.ok ? undefined : health.reason)
      return known
    } catch {
      const health = store.health()
      this.#report(health.ok ? 'it failed' : health.reason)
      return new Set()
    }
  }

  /** Says once that repeated events are not recognised, and once that they are again. */
  #report(problem: string | undefined): void {
    const { log } = this.#options
    if (this.#working === (problem === undefined)) return
    this.#working = problem === undefined
    if (problem === undefined) log.info({}, 'repeated events are recognised again')
    else log.warn({ reason: problem }, 'the spool cannot be used: repeated events pass unrecognised')
  }
}
