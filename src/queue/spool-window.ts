import type { Located, StoredEvent } from './types.ts'

/** How many events, and how many bytes of them, may be in memory before more are read. */
export type WindowLimits = { rows: number; bytes: number }

/** Ids of events that may wait to be removed from the store. */
const MAX_UNSETTLED = 16_384

/** Places of {@link Window} that were taken already before they are removed. */
const MAX_TAKEN = 1_024

/** The events of one key that are in memory, in order. The first of them may be under way to the queue. */
type Chain = { readonly events: StoredEvent[] }

/**
 * The part of the store that is in memory. Events enter in the order in which they are stored and are handed out one
 * per key at a time. Those of a key that is parked are passed over: when it is released, reading goes back to the first
 * of them, and what is known already is passed over in turn.
 */
export class Window {
  readonly #limits: WindowLimits
  readonly #chains = new Map<string, Chain>()
  /** Those of which the first may be published, from `#head` on: shifting a long array would move all of it. */
  #ready: (Chain | undefined)[] = []
  #head = 0
  /** Events of these keys are left in the store; with the first of them. */
  readonly #parked = new Map<string, number>()
  /** What is in memory, or on its way out of the store. */
  readonly #known = new Set<number>()
  #cursor = 0
  #rows = 0
  #bytes = 0

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  /** The event behind which to read on. */
  get cursor(): number {
    return this.#cursor
  }

  /** Whether more may be read. */
  get hasRoom(): boolean {
    const { rows, bytes } = this.#limits
    return this.#rows < rows && this.#bytes < bytes && this.#known.size <= MAX_UNSETTLED
  }

  /** Whether {@link next} has an event. */
  get isReady(): boolean {
    return this.#head < this.#ready.length
  }

  /** Takes in what was read behind `after`; nothing when reading has gone back since. */
  add(events: readonly StoredEvent[], after: number): void {
    if (after !== this.#cursor) return
    for (const event of events) {
      this.#cursor = event.seq
      if (!this.#known.has(event.seq) && !this.#parked.has(event.key)) this.#append(event)
    }
  }

  /** The next event that may be published; undefined when there is none. Until it is settled here none of its key follows. */
  next(): StoredEvent | undefined {
    const chain = this.#ready[this.#head]
    if (chain === undefined) return undefined
    // Let go of at once: what is parked next would stay in memory by its place here.
    this.#ready[this.#head++] = undefined
    if (this.#head >= MAX_TAKEN) {
      this.#ready = this.#ready.slice(this.#head)
      this.#head = 0
    }
    return chain.events[0]
  }

  /** The queue has the event: the next of its key may follow. It must be removed from the store. */
  confirmed(event: StoredEvent): void {
    const chain = this.#chainOf(event)
    this.#rows--
    this.#bytes -= event.event.length
    chain.events.shift()
    if (chain.events.length > 0) this.#ready.push(chain)
    else this.#chains.delete(event.key)
  }

  /**
   * The store does not have these any more. Once it has none that is known, reading begins anew: a store that failed meanwhile may
   * have brought back what was settled.
   */
  settled(events: readonly Located[]): void {
    for (const { seq } of events) this.#known.delete(seq)
    if (this.#known.size === 0 && this.#parked.size === 0) this.#cursor = 0
  }

  /** The queue does not have the event: it may be published again. */
  failed(event: StoredEvent): void {
    this.#ready.push(this.#chainOf(event))
  }

  /** Leaves an event, and those of its key behind it, in the store until it is {@link release}d. */
  park(event: StoredEvent): void {
    for (const { seq, event: body } of this.#chainOf(event).events) {
      this.#known.delete(seq)
      this.#rows--
      this.#bytes -= body.length
    }
    this.#chains.delete(event.key)
    this.#parked.set(event.key, event.seq)
  }

  release(event: StoredEvent): void {
    this.#parked.delete(event.key)
    this.#cursor = Math.min(this.#cursor, event.seq - 1)
  }

  #append(event: StoredEvent): void {
    this.#known.add(event.seq)
    this.#rows++
    this.#bytes += event.event.length
    const chain = this.#chains.get(event.key)
    if (chain !== undefined) {
      // It may wait for long, and would keep all that was read with it from being freed.
      chain.events.push({ ...event, event: Buffer.from(event.event) })
      return
    }
    const begun = { events: [event] }
    this.#chains.set(event.key, begun)
    this.#ready.push(begun)
  }

  #chainOf({ key }: StoredEvent): Chain {
    const chain = this.#chains.get(key)
    if (chain === undefined) throw new TypeError('No such event')
    return chain
  }
}
