import type { StateBackend } from './types.ts'

/**
 * A backend that is opened when it is first used, and tried again at each use until that succeeds, so that a service whose
 * store is away can start and say so. `location` is what messages name it by until then. Every use throws what `open` does.
 */
export function openLater(location: string, open: () => Promise<StateBackend>): StateBackend {
  let opening: Promise<StateBackend> | undefined

  function opened(): Promise<StateBackend> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  return {
    location,
    read: async () => (await opened()).read(),
    write: async (record, fence) => (await opened()).write(record, fence),
    acquire: async lease => (await opened()).acquire(lease),
    announce: async (member, value, ttl) => (await opened()).announce(member, value, ttl),
    withdraw: async member => (await opened()).withdraw(member),
    async close() {
      const backend = await opening?.catch(() => undefined)
      await backend?.close()
    },
  }
}
