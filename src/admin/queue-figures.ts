import type { QueueStats } from '../queue/types.ts'

/**
 * How full the queue is, as the private listener tells it: `waiting` may be received now or once the events before
 * them with the same key are acknowledged, `leased` are with a consumer, `delayed` were returned for later, `dead` failed
 * too often. `oldestAgeSeconds` is the age of the oldest that waits, 0 when none does; `bytes` are on disk.
 */
export type QueueFigures = {
  waiting: number
  leased: number
  delayed: number
  dead: number
  oldestAgeSeconds: number
  bytes: number
}

export function queueFigures({ oldestAge, ...figures }: QueueStats): QueueFigures {
  return { ...figures, oldestAgeSeconds: oldestAge / 1000 }
}
