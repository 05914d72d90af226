import { QueueUnavailableError } from '../../errors.ts'
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

/**
 * Fails each flight that is not confirmed within `timeout` ms. `onStall` is called when in all that time not one was
 * confirmed: the broker, or the way to it, is frozen.
 */
export function flights({ timeout, onStall }: { timeout: number; onStall: () => void }): Flights {
  const open = new Map<Flight, number>()
  const room = underWay()
  const waiting: (() => void)[] = []
  let confirmedAt = -Infinity
  let timer: NodeJS.Timeout | undefined

  function begin(bytes: number): Flight {
    room.enter(bytes)
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
    if (open.delete(flight)) room.leave(flight.bytes)
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
      for (const flight of open.keys()) {
        const error = errorOf(flight)
        if (error !== undefined) flight.fail(error)
      }
    },
    landed: () => (open.size === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
  }
}
