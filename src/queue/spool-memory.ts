import { Deadlines } from './deadlines.ts'
import { RecentIds } from './spool-recent.ts'
import type { DriverLog, QueueMessage, SpoolStore } from './types.ts'

/** How long ids are gathered before the store is told of them, in ms, and how many at most. */
const GATHERING = 100
const MOST_GATHERED = 1_024

export type MemoryOptions = {
  store: SpoolStore
  /** The most that an event waits for the answer whether it is known, in ms. */
  timeout: number
  log: DriverLog
}

type Asking = { message: QueueMessage; answer: (isKnown: boolean) => void }

/**
 * The ids of events that a queue confirmed which has no memory of its own. The store is asked only for what it may have; what one
 * turn of the event loop asks goes to it together. One that fails or hangs holds nobody up: events then pass as unknown.
 */
export class Memory {
  readonly #options: MemoryOptions
  /** Until the store has said what it remembers, it may be everything. */
  #recent = new RecentIds(Infinity)
  /** What the store is asked now. */
  readonly #asked: Deadlines<readonly Asking[]>
  #asking: Asking[] = []
  #confirmed: QueueMessage[] = []
  #gathering: NodeJS.Timeout | undefined
  #late = 0
  #working = true

  constructor(options: MemoryOptions) {
    this.#options = options
    this.#asked = new Deadlines(options.timeout, asking => this.#giveUp(asking))
  }

  /** Whether repeated events are recognised now. */
  get working(): boolean {
    return this.#working
  }

  /** The store is open: finds out what it remembers from before. */
  async open(): Promise<void> {
    this.#recent = new RecentIds(await this.#options.store.newest().catch(() => Infinity))
  }

  /** Tells the store what it was not told of yet. */
  close(): void {
    this.#tell()
  }

  /** Whether an event may have been confirmed before, so that only {@link knows} can tell. */
  mayKnow(message: QueueMessage): boolean {
    return this.#recent.mayHave(message)
  }

  /** Whether an event was confirmed before, as far as is known. Never throws. */
  knows(message: QueueMessage): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    // A question that waits too long already would only be joined by others.
    if (this.#late > 0) resolve(false)
    else {
      if (this.#asking.length === 0) setImmediate(() => this.#flush())
      this.#asking.push({ message, answer: resolve })
    }
    return promise
  }

  /** Remembers an event that was confirmed. */
  remember(message: QueueMessage): void {
    this.#recent.add(message)
    this.#confirmed.push(message)
    if (this.#confirmed.length >= MOST_GATHERED) this.#tell()
    else this.#gathering ??= setTimeout(() => this.#tell(), GATHERING)
  }

  /** An event is about to go to the store, which remembers it by itself. */
  stores(message: QueueMessage): void {
    this.#tell()
    this.#recent.add(message)
  }

  #flush(): void {
    const asking = this.#asking
    this.#asking = []
    // First, so that what was confirmed until now is found.
    this.#tell()
    void this.#ask(asking)
  }

  #tell(): void {
    const { store } = this.#options
    const confirmed = this.#confirmed
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    if (confirmed.length === 0) return
    this.#confirmed = []
    store.remember(confirmed)
    const health = store.health()
    this.#report(health.ok ? undefined : health.reason)
  }

  async #ask(asking: readonly Asking[]): Promise<void> {
    this.#asked.add(asking)
    const known = await this.#known(this.#options.store, asking)
    if (!this.#asked.delete(asking)) this.#late--
    for (const [index, { answer }] of asking.entries()) answer(known.has(index))
  }

  #giveUp(asking: readonly Asking[]): void {
    this.#late++
    this.#report(`no answer within ${this.#options.timeout} ms`)
    for (const { answer } of asking) answer(false)
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
