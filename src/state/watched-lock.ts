import type { StateBackend, StateLock } from './types.ts'

/** How asking for the lock went since the start, and whether this process holds it now. */
export type LockFigures = { acquired: number; busy: number; failed: number; held: boolean }

/** The same backend, which tells how its lock fares. */
export function watchLock(backend: StateBackend): StateBackend & { lockFigures: () => LockFigures } {
  const counts = { acquired: 0, busy: 0, failed: 0 }
  let holder: StateLock | undefined

  function watched(lock: StateLock): StateLock {
    holder = lock
    const lose = () => {
      if (holder === lock) holder = undefined
    }
    return {
      fence: lock.fence,
      async renew(lease) {
        const renewed = await lock.renew(lease)
        if (!renewed) lose()
        return renewed
      },
      async release() {
        lose()
        await lock.release()
      },
    }
  }

  return {
    ...backend,
    async acquire(lease) {
      try {
        const lock = await backend.acquire(lease)
        counts[lock === null ? 'busy' : 'acquired']++
        return lock && watched(lock)
      } catch (error) {
        counts.failed++
        throw error
      }
    },
    lockFigures: () => ({ ...counts, held: holder !== undefined }),
  }
}
