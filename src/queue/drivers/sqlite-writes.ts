import type { SettleResult } from '../types.ts'
import { unpackBatch, unpackSettled } from './sqlite-batch.ts'
import { slotOf, type KeyCounts } from './sqlite-key-counts.ts'
import type { Leases } from './sqlite-leases.ts'
import type { Answer, Results, Write } from './sqlite-protocol.ts'
import type { Store } from './sqlite-store.ts'

const MAX_REASON = 1_000

/**
 * Group commit: runs all these writes, and takes back the leases that have run out, in one transaction with one sync.
 * The answers may go out once this returns. When it throws, nothing was stored and no lease has changed.
 */
export function commit(
  writes: readonly Write[],
  store: Store,
  leases: Leases,
  now: number,
  keyCounts?: KeyCounts,
): Answer[] {
  const runOut = leases.expire()
  if (writes.length === 0 && runOut.length === 0 && !store.seen.isOverdue(now)) return []

  const answers: Answer[] = []
  // What becomes of each lease once it is on disk. A lease is settled by the first that names it.
  const outcomes = new Map<string, () => void>()
  const added: string[] = []
  const removed: { seq: number; slot: number }[] = []
  const fail = (seq: number, token: string, notBefore: number, reason: string): void => {
    const died = store.fail(seq, notBefore, reason, now)
    outcomes.set(token, () => (died ? leases.finish(token) : leases.giveBack(token, notBefore)))
  }

  const settle = (tokens: readonly string[], each: (seq: number, token: string) => void): SettleResult => {
    const expired: string[] = []
    for (const token of tokens) {
      const seq = outcomes.has(token) ? undefined : leases.find(token)
      if (seq === undefined) expired.push(token)
      else each(seq, token)
    }
    return { settled: tokens.length - expired.length, expired }
  }

  const run = (write: Write): Results[Write['kind']] => {
    switch (write.kind) {
      case 'enqueue': {
        const duplicates: number[] = []
        for (const [index, event] of unpackBatch(write.batch).entries())
          if (store.add(event, now)) added.push(event.partitionKey)
          else duplicates.push(index)
        return duplicates
      }
      case 'acknowledge':
        return settle(write.leases, (seq, token) => {
          store.events.remove(seq)
          outcomes.set(token, () => leases.finish(token))
        })
      case 'reject': {
        const notBefore = write.delay > 0 ? now + write.delay : 0
        const reason = write.reason.slice(0, MAX_REASON)
        return settle(write.leases, (seq, token) => fail(seq, token, notBefore, reason))
      }
      case 'release':
        return settle(write.leases, (_seq, token) => {
          outcomes.set(token, () => leases.giveBack(token, 0))
        })
      case 'settle': {
        const slots = unpackSettled(write.settled)
        for (const [first, last] of store.events.settle([...slots.keys()]))
          for (let seq = first; seq <= last; seq++) removed.push({ seq, slot: Number(slots.get(seq)) })
        return undefined
      }
      case 'bury': {
        const { seq, attempts, reason } = write
        const key = store.bury(seq, attempts, reason.slice(0, MAX_REASON), now)
        if (key !== undefined) removed.push({ seq, slot: slotOf(key) })
        return undefined
      }
      case 'redrive': {
        const { keys, isMore } = store.redrive(write.seqs, write.limit, now)
        added.push(...keys)
        return { moved: keys.length, isMore }
      }
    }
  }

  store.transaction(now, () => {
    for (const write of writes) answers.push({ id: write.id, value: run(write) })
    // Last, so that an acknowledgement that waited for the disk meanwhile still counts.
    for (const { seq, token } of runOut) if (!outcomes.has(token)) fail(seq, token, 0, 'lease expired')
  })
  for (const settled of outcomes.values()) settled()
  for (const key of added) keyCounts?.add(key)
  for (const { slot, seq } of removed) keyCounts?.remove(slot, seq)
  return answers
}
