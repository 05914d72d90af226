import { MessageRefusedError, QueueUnavailableError } from '../errors.ts'
import { messageOf } from './attributes.ts'
import type { QueueDriver, QueueMessage, StoredEvent } from './types.ts'

/** Each event that was started is told of once. */
export type FlightsOptions = {
  driver: Pick<QueueDriver, 'publish'>
  /** How long to wait for an event to be confirmed, in ms. */
  publishTimeout: number
  confirmed: (event: StoredEvent, started: number) => void
  failed: (event: StoredEvent, error: unknown) => void
  /** One that was started then was not confirmed in time; it is told of as failed next. Times are those of `performance`. */
  late: (started: number, now: number) => void
}

/** An event under way to the queue since `started`, by the clock of `performance`. */
type Flight = { readonly event: StoredEvent; readonly started: number }

/** Stored events under way to the queue. One timer watches all: they have the same time, so the first is over first. */
export class Flights {
  readonly #options: FlightsOptions
  readonly #flights = new Set<Flight>()
  #watch: NodeJS.Timeout | undefined

  constructor(options: FlightsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#flights.size
  }

  async start(event: StoredEvent): Promise<void> {
    const { driver, publishTimeout, confirmed, failed } = this.#options
    const flight = { event, started: performance.now() }
    this.#flights.add(flight)
    this.#watch ??= setTimeout(() => this.#expire(), publishTimeout)
    try {
      await driver.publish(readable(event))
    } catch (error) {
      if (this.#flights.delete(flight)) failed(event, error)
      return
    }
    if (this.#flights.delete(flight)) confirmed(event, flight.started)
  }

  /** Watches no longer; there must be none under way. */
  close(): void {
    clearTimeout(this.#watch)
  }

  /** Gives up waiting for the events whose time is over. */
  #expire(): void {
    const { publishTimeout, failed, late } = this.#options
    const error = new QueueUnavailableError(`no confirmation within ${publishTimeout} ms`)
    const now = performance.now()
    this.#watch = undefined
    for (const flight of this.#flights) {
      const left = flight.started + publishTimeout - now
      if (left > 0) {
        this.#watch ??= setTimeout(() => this.#expire(), left)
        return
      }
      late(flight.started, now)
      this.#flights.delete(flight)
      failed(flight.event, error)
    }
  }
}

/** The message of a stored event. Throws MessageRefusedError when it is none. */
function readable({ event }: StoredEvent): QueueMessage {
  try {
    return messageOf(event)
  } catch (cause) {
    throw new MessageRefusedError('it is no event of this service', { cause })
  }
}
