/**
 * A clock in whole ms since the epoch, as the system's was when this was called, that nobody sets: a lease, a delay or a wait lasts as long
 * as it was asked for while the system's clock is put forward or back.
 */
export function steadyClock(wall = Date.now, monotonic = () => performance.now()): () => number {
  const origin = wall() - monotonic()
  return () => Math.floor(origin + monotonic())
}
