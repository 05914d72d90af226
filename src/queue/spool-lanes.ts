import { MessageRefusedError, QueueOverloadedError, QueueUnavailableError } from '../errors.ts'
import { Deadlines } from './deadlines.ts'
import type { Breaker } from './spool-breaker.ts'
import type { Memory } from './spool-memory.ts'
import type { PublishOutcome, QueueDriver, QueueMessage, SpoolStore } from './types.ts'

export type LanesOptions = {
  driver: QueueDriver
  store: SpoolStore
  breaker: Breaker
  /** For drivers that do not remember ids themselves. */
  memory: Memory | undefined
  /** How long after its arrival an event is stored here, if it is not confirmed by then, in ms. */
  publishTimeout: number
  /** Events that may be under way at a time. */
  maxInFlight: number
  /** Called for each event that was stored here. */
  stored: () => void
}

/** An event on its way. */
type Entry = {
  readonly message: QueueMessage
  readonly lane: Lane
  readonly resolve: (outcome: PublishOutcome) => void
  readonly reject: (error: unknown) => void
}

/** The events of one key in the order of their arrival: one is published, the others wait, `storing` are being synced. */
type Lane = {
  readonly key: string
  publishing: Entry | undefined
  /** Whether the queue has been given what is published. */
  isSent: boolean
  waiting: Entry[]
  storing: number
}

/**
 * The way of each event to the queue, or to the store. Within a key one event is published at a time; once one of them
 * is stored, those behind it are too, for as long as any is there.
 */
export class Lanes {
  readonly #options: LanesOptions
  readonly #lanes = new Map<string, Lane>()
  /** Until an event is confirmed or handed to the store. Within a key the first to come is the first whose time is over. */
  readonly #deadlines: Deadlines<Entry>
  #inFlight = 0
  #idle: (() => void) | undefined

  constructor(options: LanesOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.publishTimeout, ({ lane }) => this.#expire(lane))
  }

  /** Events under way. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Resolves once no event is under way; there must come no more. */
  idle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#inFlight === 0) resolve()
    else this.#idle = resolve
    return promise
  }

  /** Resolves once the queue has confirmed the event or the store has synced it. Throws the store's errors. */
  publish(message: QueueMessage): Promise<PublishOutcome> {
    const { maxInFlight } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>()
    if (this.#inFlight >= maxInFlight) {
      reject(new QueueOverloadedError(`${this.#inFlight} events are under way`))
      return promise
    }
    const lane = this.#laneOf(message.partitionKey)
    const entry = { message, lane, resolve, reject }
    this.#inFlight++
    this.#deadlines.add(entry)
    lane.waiting.push(entry)
    this.#advance(lane)
    return promise
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane: Lane = { key, publishing: undefined, isSent: false, waiting: [], storing: 0 }
    this.#lanes.set(key, lane)
    return lane
  }

  /** Sends the next event of a key on its way, unless one is under way to the queue: what becomes of it decides. */
  #advance(lane: Lane): void {
    const { store, breaker } = this.#options
    if (lane.publishing !== undefined) return
    const [next] = lane.waiting
    if (next === undefined) {
      if (lane.storing === 0) this.#lanes.delete(lane.key)
    } else if (lane.storing > 0 || store.holds(lane.key) || !breaker.admits()) this.#storeAll(lane)
    else {
      lane.waiting.shift()
      lane.publishing = next
      lane.isSent = false
      void this.#publish(next)
    }
  }

  async #publish(entry: Entry): Promise<void> {
    const { driver, breaker, memory } = this.#options
    const { message, lane } = entry
    try {
      const isKnown = memory?.mayKnow(message) === true && (await memory.knows(message))
      if (lane.publishing !== entry) return
      if (isKnown) {
        breaker.undecided()
        this.#done(entry, 'duplicate')
        return
      }
      lane.isSent = true
      const outcome = await driver.publish(message)
      // Too late: it is in the store, and may reach the queue twice.
      if (lane.publishing !== entry) return
      breaker.succeeded()
      memory?.remember(message)
      this.#done(entry, outcome)
    } catch (error) {
      if (lane.publishing !== entry) return
      if (error instanceof MessageRefusedError) breaker.succeeded()
      else breaker.failed(error)
      this.#storeAll(lane)
    }
  }

  #done(entry: Entry, outcome: PublishOutcome): void {
    const { lane } = entry
    lane.publishing = undefined
    this.#deadlines.delete(entry)
    this.#settle()
    entry.resolve(outcome)
    this.#advance(lane)
  }

  /** The time of the first event of a key is over. */
  #expire(lane: Lane): void {
    const { breaker, publishTimeout } = this.#options
    if (lane.isSent) breaker.failed(new QueueUnavailableError(`no confirmation within ${publishTimeout} ms`))
    else breaker.undecided()
    this.#storeAll(lane)
  }

  /** Hands all events of a key to the store, in order: none may overtake another. */
  #storeAll(lane: Lane): void {
    const entries = lane.publishing === undefined ? lane.waiting : [lane.publishing, ...lane.waiting]
    lane.publishing = undefined
    lane.waiting = []
    lane.storing += entries.length
    for (const entry of entries) {
      this.#deadlines.delete(entry)
      void this.#store(entry)
    }
  }

  async #store(entry: Entry): Promise<void> {
    const { store, memory, stored } = this.#options
    const { lane } = entry
    memory?.stores(entry.message)
    try {
      const outcome = await store.publish(entry.message)
      if (outcome === 'accepted') stored()
      entry.resolve(outcome)
    } catch (error) {
      entry.reject(error)
    } finally {
      lane.storing--
      this.#settle()
      this.#advance(lane)
    }
  }

  #settle(): void {
    this.#inFlight--
    if (this.#inFlight === 0) this.#idle?.()
  }
}
