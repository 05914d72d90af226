import { setTimeout as sleep } from 'node:timers/promises'
import { MessageRefusedError, QueueUnavailableError } from '../errors.ts'
import { messageOf } from './attributes.ts'
import { reasonOf, type Breaker } from './spool-breaker.ts'
import { Settler } from './spool-settler.ts'
import type { DriverLog, LeasedMessage, QueueDriver, QueueMessage, SpoolStore } from './types.ts'

/** Longer than anything takes: only a crash ends a lease, and that ends all of them. */
const LEASE = 24 * 60 * 60 * 1000
/** How long to ask for something to drain at a time, in ms. */
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
  /** Events under way from the store to the queue at a time. */
  concurrency: number
  /** The first pause before an event that was refused is tried again, in ms; it doubles each time. */
  refusedDelay: number
  log: DriverLog
  /** Called for each event that the queue has confirmed. */
  drained: () => void
}

/**
 * Brings to the queue what is stored here, in order within each key, in parallel across keys; and while the queue is
 * away, tries again and again whether it is back: with an event of the store, if there is one.
 */
export class Drain {
  readonly #options: DrainOptions
  readonly #acknowledged: Settler
  readonly #released: Settler
  /** Ends waiting, once it is time to stop. */
  readonly #waking = new AbortController()
  #running: Promise<void> | undefined
  #inFlight = 0
  #settled: (() => void) | undefined
  #isOver = false

  constructor(options: DrainOptions) {
    const { consumer } = options.store
    this.#options = options
    this.#acknowledged = new Settler(leases => consumer.acknowledge(leases), STORE_PAUSE)
    this.#released = new Settler(leases => consumer.release(leases), STORE_PAUSE)
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Drains on for at most `timeout` ms, while the queue takes events and any are left; ends what is under way. */
  async stop(timeout: number): Promise<void> {
    this.#waking.abort()
    const timer = setTimeout(() => this.#end(), timeout)
    await this.#running
    this.#end()
    clearTimeout(timer)
    while (this.#inFlight > 0) await this.#oneSettled()
    await Promise.all([this.#acknowledged.flushed(), this.#released.flushed()])
  }

  get #isStopping(): boolean {
    return this.#waking.signal.aborted
  }

  #end(): void {
    this.#isOver = true
    this.#acknowledged.stop()
    this.#released.stop()
    this.#settled?.()
  }

  async #run(): Promise<void> {
    const { breaker, concurrency } = this.#options
    while (!this.#isOver && (breaker.state === 'closed' || !this.#isStopping)) {
      if (breaker.state === 'open') await this.#retry()
      else if (breaker.probing) await this.#pause(PROBE_PAUSE)
      else if (breaker.state === 'half-open') await this.#take({ max: 1, wait: POLL })
      // Not one by one: what is under way meanwhile is enough to keep the queue busy.
      else if (this.#inFlight > concurrency * 0.75) await this.#oneSettled()
      else {
        const max = concurrency - this.#inFlight
        const taken = await this.#take({ max, wait: this.#isStopping ? 0 : POLL })
        if (taken === 0 && this.#isStopping && !(await this.#mayComeMore())) return
      }
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
      } else if ((await this.#take({ max: 1, wait: 0, isAdmitted: true })) === 0) breaker.undecided()
    } catch (error) {
      breaker.failed(error)
    }
  }

  /** Takes events from the store and sends them on their way. Resolves with their number, 0 when the store fails. */
  async #take({
    max,
    wait,
    isAdmitted = false,
  }: {
    max: number
    wait: number
    isAdmitted?: boolean
  }): Promise<number> {
    const { store, breaker } = this.#options
    const signal = wait > 0 ? { signal: this.#waking.signal } : {}
    try {
      const messages = await store.consumer.receive({ max, wait, lease: LEASE, ...signal })
      for (const message of messages)
        if (isAdmitted || breaker.admits()) void this.#deliver(message)
        else this.#released.add(message.lease)
      return messages.length
    } catch {
      await this.#pause(STORE_PAUSE)
      return 0
    }
  }

  async #deliver(message: LeasedMessage): Promise<void> {
    const { breaker, drained } = this.#options
    this.#inFlight++
    try {
      await this.#publish(readable(message))
      breaker.succeeded()
      this.#acknowledged.add(message.lease)
      drained()
    } catch (error) {
      if (error instanceof MessageRefusedError) {
        breaker.succeeded()
        await this.#refuse(message, reasonOf(error))
      } else {
        breaker.failed(error)
        this.#released.add(message.lease)
      }
    } finally {
      this.#inFlight--
      this.#settled?.()
    }
  }

  async #publish(message: QueueMessage): Promise<void> {
    const { driver, publishTimeout } = this.#options
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new QueueUnavailableError(`no confirmation within ${publishTimeout} ms`)),
      publishTimeout,
    )
    try {
      await Promise.race([driver.publish(message), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Counts the failed attempt: after the last the event is a dead letter, and those behind it go on. */
  async #refuse({ lease, attempts, event }: LeasedMessage, reason: string): Promise<void> {
    const { store, refusedDelay, log, driver } = this.#options
    if (attempts === 1)
      log.warn(
        { queue: driver.name, bytes: event.length, reason },
        'the queue refuses an event: it is tried again, and then kept as a dead letter',
      )
    try {
      await store.consumer.reject([lease], { delay: refusedDelay * 2 ** (attempts - 1), reason })
    } catch {
      await this.#pause(STORE_PAUSE)
      this.#released.add(lease)
    }
  }

  /** Whether what is under way may let more be taken; waits for it to change. */
  async #mayComeMore(): Promise<boolean> {
    if (this.#inFlight > 0) await this.#oneSettled()
    else if (this.#acknowledged.isBusy) await this.#acknowledged.flushed()
    else return false
    return true
  }

  #oneSettled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settled = resolve
    return promise
  }

  async #pause(delay: number): Promise<void> {
    await sleep(delay, undefined, { signal: this.#waking.signal }).catch(() => {})
  }
}

/** The message of an event of the store. Throws MessageRefusedError when it is none. */
function readable({ event }: LeasedMessage): QueueMessage {
  try {
    return messageOf(event)
  } catch (cause) {
    throw new MessageRefusedError('it is no event of this service', { cause })
  }
}
