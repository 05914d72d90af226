import { QueueUnavailableError } from '../../errors.ts'
import { Deadlines } from '../deadlines.ts'
import type { PublishOutcome } from '../types.ts'
import { underWay } from './under-way.ts'

/** A message on its way to a broker. Settles once; what comes later changes nothing. */
export type Flight = {
  /** Of its body. */
  readonly bytes: number
  readonly settled: Promise<PublishOutcome>
  confirm: (outcome: PublishOutcome) => void
  fail: (error: Error) => void
}

/** The messages that wait for a broker's confirmation. */
export type Flights = {
  /** Throws QueueOverloadedError when too much waits already. */
  begin: (bytes: number) => Flight
  /** Those that have an error; the others come to their own end. */
  failAll: (errorOf: (flight: Flight) => Error | undefined) => void
  /** Resolves once none waits. */
  landed: () => Promise<void>
}

/** `confirmedBefore`: how many were confirmed until it began. */
type OpenFlight = Flight & { readonly confirmedBefore: number }

/**
 * Fails each flight that is not confirmed within `timeout` ms. `onStall` is called when in all that time not one was
 * confirmed: the broker, or the way to it, is frozen.
 */
export function flights({ timeout, onStall }: { timeout: number; onStall: () => void }): Flights {
  const open = new Deadlines<OpenFlight>(timeout, flight => {
    flight.fail(new QueueUnavailableError(`not confirmed within ${timeout} ms`))
    if (flight.confirmedBefore === confirmed) onStall()
  })
  const room = underWay()
  const waiting: (() => void)[] = []
  let confirmed = 0

  function begin(bytes: number): Flight {
    room.enter(bytes)
    const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>()
    const flight: OpenFlight = {
      bytes,
      settled: promise,
      confirmedBefore: confirmed,
      confirm(outcome) {
        confirmed++
        resolve(outcome)
        land(flight)
      },
      fail(error) {
        reject(error)
        land(flight)
      },
    }
    open.add(flight)
    return flight
  }

  function land(flight: OpenFlight): void {
    if (open.delete(flight)) room.leave(flight.bytes)
    if (open.size === 0) for (const done of waiting.splice(0)) done()
  }

  return {
    begin,
    failAll(errorOf) {
      for (const flight of open.items) {
        const error = errorOf(flight)
        if (error !== undefined) flight.fail(error)
      }
    },
    landed: () => (open.size === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
  }
}
