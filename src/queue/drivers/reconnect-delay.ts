import { backoff } from '../backoff.ts'

const PAUSES = { first: 100, most: 5_000 }

/** How long to wait in ms before the next try to reconnect, `failures` tries in a row having failed. */
export function reconnectDelay(failures: number): number {
  return backoff(failures, PAUSES)
}
