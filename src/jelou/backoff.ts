import { setTimeout } from 'node:timers/promises'

const BASE = 500
const CAP = 60_000

/**
 * How long to wait in ms before the next try, `attempt` tries having failed: doubles from half a second up to a minute, half of
 * it by chance so that replicas do not try all at once. Never less than `retryAfter` (ms), which Jelou asked for and may be
 * more than a minute. `random` is in [0, 1).
 */
export function backoff(
  attempt: number,
  { retryAfter = 0, random = Math.random }: { retryAfter?: number | undefined; random?: () => number } = {},
): number {
  const ceiling = Math.min(CAP, BASE * 2 ** (attempt - 1))
  return Math.max(retryAfter, Math.round(ceiling / 2 + (random() * ceiling) / 2))
}

/** Waits for `delay` ms. True once they are over, false as soon as the signal ends the wait. */
export function pause(delay: number, signal?: AbortSignal): Promise<boolean> {
  return setTimeout(delay, true, signal && { signal }).catch(() => false)
}
