import { QueueOverloadedError, QueueUnavailableError } from '../../errors.ts'
import type { PublishOutcome } from '../types.ts'

/** The most messages that may wait for a broker's confirmation. */
export const MOST_IN_FLIGHT = 10_000

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
  /** Throws QueueOverloadedError when too many wait already. */
  begin: (bytes: number) => Flight
  failAll: (errorOf: (flight: Flight) => Error) => void
  /** Resolves once none waits. */
  landed: () => Promise<void>
}

/**
 * Fails each flight that is not confirmed within `timeout` ms. `onStall` is called when in all that time not one was
 * confirmed: the broker, or the way to it, is frozen.
 */
export function flights({ timeout, onStall }: { timeout: number; onStall: () => void }): Flights {
  const open = new Map<Flight, number>()
  const waiting: (() => void)[] = []
  let confirmedAt = -Infinity
  let timer: NodeJS.Timeout | undefined

  function begin(bytes: number): Flight {
    if (open.size >= MOST_IN_FLIGHT) throw new QueueOverloadedError('its confirmations are behind')
    const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>()
    const flight: Flight = {
      bytes,
      settled: promise,
      confirm(outcome) {
        confirmedAt = performance.now()
        resolve(outcome)
        land(flight)
      },
      fail(error) {
        reject(error)
        land(flight)
      },
    }
    open.set(flight, performance.now())
    timer ??= watch(timeout)
    return flight
  }

  function land(flight: Flight): void {
    open.delete(flight)
    if (open.size > 0) return
    clearTimeout(timer)
    timer = undefined
    for (const done of waiting.splice(0)) done()
  }

  // What has arrived while this process was busy is read before anything counts as late.
  function watch(delay: number): NodeJS.Timeout {
    return setTimeout(() => setImmediate(failLate), delay)
  }

  function failLate(): void {
    clearTimeout(timer)
    timer = undefined
    const latest = performance.now() - timeout
    const late = [...open].filter(([, begunAt]) => begunAt <= latest)
    for (const [flight] of late) flight.fail(new QueueUnavailableError(`not confirmed within ${timeout} ms`))
    if (late.length > 0 && confirmedAt <= latest) onStall()
    const [oldest] = open.values()
    if (oldest !== undefined) timer = watch(oldest - latest)
  }

  return {
    begin,
    failAll(errorOf) {
      for (const flight of open.keys()) flight.fail(errorOf(flight))
    },
    landed: () => (open.size === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
  }
}
