import { setTimeout as sleep } from 'node:timers/promises'
import { MessageRefusedError } from '../errors.ts'
import { reasonOf, type Breaker } from './spool-breaker.ts'
import { Flights } from './spool-flights.ts'
import { Pace } from './spool-pace.ts'
import { Settler } from './spool-settler.ts'
import { Window } from './spool-window.ts'
import type { DriverLog, QueueDriver, SpoolStore, StoredEvent } from './types.ts'

/** What is read from the store at a time. */
const STEP = { rows: 2_048, bytes: 1024 * 1024 }
/** Bytes of events in memory before no more are read. */
const MAX_BYTES = 8 * 1024 * 1024
/** How often to look for something to drain that nobody told of, in ms. */
const POLL = 1_000
/** How long to leave a store alone that failed, in ms. */
const STORE_PAUSE = 200
/** How often to look whether an event that arrived has found the queue back, in ms. */
const PROBE_PAUSE = 20

export type DrainOptions = {
  driver: QueueDriver
  store: SpoolStore
  breaker: Breaker
  /** Connects the driver; nothing to do once that has succeeded. Throws why it could not. */
  connector: { readonly connected: boolean; connect: () => Promise<void> }
  publishTimeout: number
  /** Events under way from the store to the queue at a time, at most. */
  concurrency: number
  /** The first pause before an event that was refused is tried again, in ms; it doubles each time. */
  refusedDelay: number
  /** Refusals after which an event is a dead letter. */
  maxAttempts: number
  log: DriverLog
  /** Called for each event that the queue has confirmed, with when its last try began, by the clock of `performance`. */
  drained: (event: StoredEvent, started: number) => void
}

/**
 * Brings to the queue what is stored here, in order within each key, in parallel across keys; and while the queue is
 * away, tries again and again whether it is back: with an event of the store, if there is one.
 */
export class Drain {
  readonly #options: DrainOptions
  readonly #window: Window
  readonly #settler: Settler
  readonly #flights: Flights
  readonly #pace: Pace
  /** How often each event that is parked was refused. */
  readonly #attempts = new Map<number, number>()
  /** Ends waiting, once it is time to stop. */
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #isOver = false
  /** Whether the store may have more than was read. */
  #mayHaveMore = true
  #hasChanged = false
  #changed: (() => void) | undefined

  constructor(options: DrainOptions) {
    const { driver, store, breaker, concurrency, publishTimeout } = options
    this.#options = options
    this.#window = new Window({ rows: concurrency + STEP.rows, bytes: MAX_BYTES })
    this.#pace = new Pace(concurrency)
    this.#flights = new Flights({
      driver,
      publishTimeout,
      confirmed: (event, started) => this.#confirmed(event, started),
      failed: (event, error) => this.#failed(event, error),
      // One that tries whether the queue is back says nothing of how much it can take.
      late: (started, now) => breaker.state === 'closed' && this.#pace.late(started, now, this.#flights.size),
    })
    this.#settler = new Settler({
      settle: async events => {
        await store.settle(events)
        this.#window.settled(events)
      },
      pause: STORE_PAUSE,
    })
  }

  start(): void {
    this.#running = this.#run()
  }

  /** There may be something new in the store. */
  wake(): void {
    this.#mayHaveMore = true
    this.#change()
  }

  /** Drains on for at most `timeout` ms, while the queue takes events and any are left; ends what is under way. */
  async stop(timeout: number): Promise<void> {
    this.#stopping.abort()
    this.wake()
    const timer = setTimeout(() => this.#end(), timeout)
    await this.#running
    this.#end()
    clearTimeout(timer)
    while (this.#flights.size > 0) await this.#untilChange(POLL)
    await this.#settler.flushed()
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  get #mayRead(): boolean {
    return this.#mayHaveMore && this.#window.hasRoom
  }

  #end(): void {
    this.#isOver = true
    this.#settler.stop()
    this.#change()
  }

  async #run(): Promise<void> {
    const { breaker } = this.#options
    while (!this.#isOver && (breaker.state === 'closed' || !this.#isStopping)) {
      if (breaker.state === 'open') await this.#retry()
      else if (this.#mayRead) await this.#read()
      else if (this.#isStopping && this.#flights.size === 0 && !this.#window.isReady) return
      else await this.#untilChange(breaker.probing ? PROBE_PAUSE : POLL)
      this.#publishReady()
    }
  }

  /** Waits, and finds out whether the queue is back, so that no event that arrives has to. */
  async #retry(): Promise<void> {
    const { breaker, connector } = this.#options
    await this.#pause(breaker.pause)
    if (this.#isStopping) return
    breaker.retry()
    try {
      if (!connector.connected) {
        await connector.connect()
        breaker.succeeded()
        return
      }
    } catch (error) {
      breaker.failed(error)
      return
    }
    if (!this.#window.isReady && this.#mayRead) await this.#read()
    const event = this.#window.next()
    if (event === undefined) breaker.undecided()
    else void this.#flights.start(event)
  }

  async #read(): Promise<void> {
    const after = this.#window.cursor
    this.#mayHaveMore = false
    try {
      const events = await this.#options.store.take({ after, ...STEP })
      this.#window.add(events, after)
      if (events.length > 0) this.#mayHaveMore = true
    } catch {
      await sleep(STORE_PAUSE)
      this.#mayHaveMore = !this.#isStopping
    }
  }

  #publishReady(): void {
    const { breaker } = this.#options
    while (!this.#isOver && this.#flights.size < this.#pace.limit) {
      const event = this.#window.isReady && breaker.admits() ? this.#window.next() : undefined
      if (event === undefined) return
      void this.#flights.start(event)
    }
  }

  #confirmed(event: StoredEvent, started: number): void {
    const { breaker, drained } = this.#options
    breaker.succeeded()
    this.#attempts.delete(event.seq)
    this.#pace.confirmed()
    this.#window.confirmed(event)
    this.#settler.add(event)
    drained(event, started)
    this.#landed()
  }

  #failed(event: StoredEvent, error: unknown): void {
    const { breaker } = this.#options
    if (error instanceof MessageRefusedError) {
      breaker.succeeded()
      void this.#refuse(event, reasonOf(error))
    } else {
      breaker.failed(error)
      this.#window.failed(event)
    }
    this.#landed()
  }

  #landed(): void {
    this.#publishReady()
    if (this.#flights.size === 0 || this.#window.hasRoom) this.#change()
  }

  /** Counts the refusal, and leaves the key alone for a while; after the last the event is a dead letter. */
  async #refuse(event: StoredEvent, reason: string): Promise<void> {
    const { refusedDelay, maxAttempts, log, driver } = this.#options
    const attempts = (this.#attempts.get(event.seq) ?? 0) + 1
    this.#attempts.set(event.seq, attempts)
    this.#window.park(event)
    if (attempts === 1)
      log.warn(
        { queue: driver.name, bytes: event.event.length, reason },
        'the queue refuses an event: it is tried again, and then kept as a dead letter',
      )
    if (attempts < maxAttempts) await this.#pause(refusedDelay * 2 ** (attempts - 1))
    else await this.#bury(event, attempts, reason)
    // Nobody has had the time to put anything right: the rest is for the next start.
    if (this.#isStopping) return
    this.#window.release(event)
    this.wake()
  }

  async #bury({ seq }: StoredEvent, attempts: number, reason: string): Promise<void> {
    try {
      await this.#options.store.bury(seq, attempts, reason)
      this.#attempts.delete(seq)
    } catch {
      await this.#pause(STORE_PAUSE)
    }
  }

  #change(): void {
    this.#hasChanged = true
    this.#changed?.()
  }

  /** Waits until something has changed since the last wait. */
  async #untilChange(most: number): Promise<void> {
    if (!this.#hasChanged) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#changed = resolve
      const timer = setTimeout(() => this.wake(), most)
      await promise
      clearTimeout(timer)
    }
    this.#hasChanged = false
  }

  async #pause(delay: number): Promise<void> {
    await sleep(delay, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }
}
