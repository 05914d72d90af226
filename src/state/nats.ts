import { JetStreamApiError } from '@nats-io/jetstream'
import type { KvEntry } from '@nats-io/kv'
import { StateFencedError } from '../errors.ts'
import { openBucket } from './nats-bucket.ts'
import { decodeEntry, decodeMembers, encodeEntry, type Entry, type Members } from './nats-entry.ts'
import { safeName, type SharedStateOptions } from './shared.ts'
import type { StateBackend } from './types.ts'

/** Another revision than expected: https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const WRONG_REVISION = new Set([10071, 10164])

/**
 * Opens the kept state in NATS JetStream, at `nats://` or `tls://`, in the key-value bucket `jelou-receiver-state`, which is
 * created where it is missing. Throws ConfigError, StateUnavailableError and StateRefusedError.
 *
 * Lock and record are one entry, so that replacing it at the revision that was read covers both: nobody writes over what
 * he has not seen, whatever the clocks say. Leases end by the time that the server stamps on entries, never by a client's.
 */
export async function openNatsState(options: SharedStateOptions): Promise<StateBackend> {
  const { location, attempt, kv, close } = await openBucket(options)
  const name = safeName(options.projectId)
  const keys = { state: `${name}.state`, members: `${name}.members`, clock: `${name}.clock` }

  /** The server's time in ms, which only goes on until this is used. It is read off an entry that was just written. */
  async function serverTime(): Promise<number> {
    let tick: KvEntry | null
    do {
      await kv.put(keys.clock, '')
      tick = await kv.get(keys.clock)
    } while (tick === null)
    return tick.created.getTime()
  }

  /**
   * Replaces the entry by what `next` makes of it, again when somebody else replaced it meanwhile; null leaves it alone.
   * The time is read before the entry: what has run out by then has run out, unless somebody replaced the entry since.
   */
  async function change<T extends object>(
    key: string,
    late: AbortSignal,
    next: (found: KvEntry | null, now: number) => (T & { bytes: Uint8Array }) | null,
  ): Promise<T | null> {
    for (;;) {
      const now = await serverTime()
      const found = await kv.get(key)
      const replacement = next(found, now)
      if (replacement === null) return null
      late.throwIfAborted()
      if (await replace(key, replacement.bytes, found?.revision ?? 0)) return replacement
    }
  }

  async function replace(key: string, bytes: Uint8Array, previousSeq: number): Promise<boolean> {
    try {
      await kv.put(key, bytes, { previousSeq })
      return true
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_REVISION.has(error.code)) return false
      throw error
    }
  }

  function entryOf(found: KvEntry | null): Entry {
    // The revision, which never comes back, so that the fences go on after somebody deleted the entry.
    if (found?.operation !== 'PUT') return { fence: found?.revision ?? 0, until: 0, record: null }
    return decodeEntry(found.value, location)
  }

  /** Changes the entry while `fence` is its holder's and its lease has not run out; false when it is not so. */
  async function whileHeld(fence: number, next: (entry: Entry, now: number) => Entry): Promise<boolean> {
    const changed = await attempt(late =>
      change(keys.state, late, (found, now) => {
        const entry = entryOf(found)
        if (entry.fence !== fence || entry.until <= now) return null
        return { bytes: encodeEntry(next(entry, now)) }
      }),
    )
    return changed !== null
  }

  async function changeMembers(next: (members: Members, now: number) => Members): Promise<string[]> {
    let members: Members = {}
    await attempt(late =>
      change(keys.members, late, (found, now) => {
        const all = found?.operation === 'PUT' ? decodeMembers(found.value, location) : {}
        const present = Object.entries(all).filter(([, { until }]) => until > now)
        members = next(Object.fromEntries(present), now)
        return { bytes: Buffer.from(JSON.stringify(members)) }
      }),
    )
    return Object.values(members).map(({ value }) => value)
  }

  return {
    location,
    async read() {
      const { record } = entryOf(await attempt(() => kv.get(keys.state)))
      return record === null ? null : Buffer.from(record)
    },
    async write(record, fence) {
      if (!(await whileHeld(fence, entry => ({ ...entry, record })))) throw new StateFencedError(location)
    },
    async acquire(lease) {
      const taken = await attempt(late =>
        change(keys.state, late, (found, now) => {
          const entry = entryOf(found)
          if (entry.until > now) return null
          const fence = Math.max(entry.fence, found?.revision ?? 0) + 1
          return { fence, bytes: encodeEntry({ ...entry, fence, until: now + lease }) }
        }),
      )
      if (taken === null) return null
      const { fence } = taken
      return {
        fence,
        renew: lease => whileHeld(fence, (entry, now) => ({ ...entry, until: now + lease })),
        release: async () => void (await whileHeld(fence, entry => ({ ...entry, until: 0 }))),
      }
    },
    announce: (member, value, ttl) =>
      changeMembers((members, now) => ({ ...members, [member]: { value, until: now + ttl } })),
    withdraw: async member => void (await changeMembers(members => without(members, member))),
    close,
  }
}

function without(members: Members, member: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name !== member))
}
