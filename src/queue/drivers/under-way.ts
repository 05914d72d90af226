import { QueueOverloadedError } from '../../errors.ts'

/** The most that may wait for a broker's confirmation; bytes are those of bodies. */
export const MOST_UNDER_WAY = { events: 10_000, bytes: 64 * 1_048_576 }

/** How much waits for a broker's confirmation. */
export type UnderWay = {
  /** Throws QueueOverloadedError when too much waits already. */
  enter: (bytes: number) => void
  leave: (bytes: number) => void
}

/** Counts events and bytes: what is published but not confirmed is in memory, and large bodies fill it sooner than many. */
export function underWay(): UnderWay {
  let events = 0
  let total = 0
  return {
    enter(bytes) {
      if (events >= MOST_UNDER_WAY.events || total >= MOST_UNDER_WAY.bytes)
        throw new QueueOverloadedError(`${events} events of ${total} bytes are not confirmed yet`)
      events++
      total += bytes
    },
    leave(bytes) {
      events--
      total -= bytes
    },
  }
}
