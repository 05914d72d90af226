import { MessageRefusedError, QueueUnavailableError } from '../errors.ts'
import { messageOf } from './attributes.ts'
import { Deadlines } from './deadlines.ts'
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

/** Stored events under way to the queue. */
export class Flights {
  readonly #options: FlightsOptions
  readonly #flights: Deadlines<Flight>

  constructor(options: FlightsOptions) {
    this.#options = options
    this.#flights = new Deadlines(options.publishTimeout, flight => this.#expire(flight))
  }

  get size(): number {
    return this.#flights.size
  }

  async start(event: StoredEvent): Promise<void> {
    const { driver, confirmed, failed } = this.#options
    const flight = { event, started: performance.now() }
    this.#flights.add(flight)
    try {
      await driver.publish(readable(event))
    } catch (error) {
      if (this.#flights.delete(flight)) failed(event, error)
      return
    }
    if (this.#flights.delete(flight)) confirmed(event, flight.started)
  }

  #expire(flight: Flight): void {
    const { publishTimeout, failed, late } = this.#options
    late(flight.started, performance.now())
    this.#flights.delete(flight)
    failed(flight.event, new QueueUnavailableError(`no confirmation within ${publishTimeout} ms`))
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
