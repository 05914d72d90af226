import type { Writable } from 'node:stream'

/**
 * Runs until SIGINT or SIGTERM, or a failure of `out` (its reader may have seen enough), aborts the signal and what was
 * begun is done. To throw the signal's reason is an end as good as another.
 */
export async function untilSignal(
  run: (signal: AbortSignal) => Promise<void>,
  out?: Writable,
): Promise<void> {
  const ending = new AbortController()
  const end = () => ending.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  out?.once('error', end)
  try {
    await run(ending.signal)
  } catch (error) {
    if (error !== ending.signal.reason) throw error
  } finally {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
    out?.off('error', end)
  }
}
