import type { QueueConsumer } from '../types.ts'
import { unpackLeases } from './sqlite-batch.ts'
import type { SqliteClient } from './sqlite-client.ts'

/** Dead letters put back in one transaction, fewer when they are large, so that many of them do not hold up the events. */
const REDRIVE_STEP = 1_000

/** The consuming side, asked of the worker. Methods throw QueueUnavailableError or QueueFullError. */
export function createConsumer(client: SqliteClient, timeout: number): QueueConsumer {
  const release: QueueConsumer['release'] = leases => client.call({ kind: 'release', leases })

  return {
    async receive({ max, wait, lease, signal }) {
      const isAborted = () => signal?.aborted === true
      if (isAborted()) return []
      const packed = await client.call(
        { kind: 'receive', max, wait, lease },
        { signal, timeout: wait + timeout },
      )
      if (!isAborted()) return unpackLeases(packed)
      // They may have been on their way when the consumer went away.
      if (packed.leases.length > 0) await release(packed.leases)
      return []
    },
    acknowledge: leases => client.call({ kind: 'acknowledge', leases }),
    reject: (leases, { delay, reason = 'rejected' }) =>
      client.call({ kind: 'reject', leases, delay, reason }),
    release,
    async dead({ after, limit }) {
      const letters = await client.call({ kind: 'dead', after, limit })
      return letters.map(withBuffer)
    },
    async redrive(seqs) {
      if (seqs === undefined) return redriveAll(client, undefined)
      let total = 0
      for (let from = 0; from < seqs.length; from += REDRIVE_STEP)
        total += await redriveAll(client, seqs.slice(from, from + REDRIVE_STEP))
      return total
    },
  }
}

async function redriveAll(client: SqliteClient, seqs: number[] | undefined): Promise<number> {
  const { moved, isMore } = await client.call({ kind: 'redrive', seqs, limit: REDRIVE_STEP })
  return isMore ? moved + (await redriveAll(client, seqs)) : moved
}

/** Bytes that came from another thread, as the Buffer they were. */
function withBuffer<T extends { event: Uint8Array }>(message: T): Omit<T, 'event'> & { event: Buffer } {
  const { buffer, byteOffset, byteLength } = message.event
  return { ...message, event: Buffer.from(buffer, byteOffset, byteLength) }
}
