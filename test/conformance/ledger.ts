import type { Test } from 'tap'
import type { Load } from './load.ts'

/** An event as it came out of the queue: `raw` is text that holds its envelope as it was stored. */
export type Delivered = { event: Record<string, unknown>; raw: string }

/**
 * Compares what was acknowledged with what came out: nothing lost, altered, or out of the order of its room, and nothing
 * twice unless `repeats` says that the queue does not remember ids: then the first of each counts. With `late`, what the
 * sender gave up waiting for may come at any time.
 */
export function checkLedger(
  t: Test,
  { ledger, answers }: Load,
  delivered: Delivered[],
  { repeats = false, late = false }: { repeats?: boolean; late?: boolean } = {},
): void {
  const all = delivered.map(({ event }) => String(event['id']))
  const known = new Set(all)
  const ids = [...known]
  const acknowledged = [...ledger].filter(([, sent]) => sent.acknowledged)
  t.comment(`${ledger.size} sent, ${acknowledged.length} acknowledged, ${all.length} received`, answers)
  if (!repeats) t.equal(all.length, known.size, 'nothing is there twice')
  const lost = acknowledged.filter(([id]) => !known.has(id))
  t.strictSame(few(lost), [], 'nothing that was acknowledged is lost')
  const altered = delivered.filter(
    ({ event, raw }) => !raw.includes(`"data":${ledger.get(String(event['id']))?.body}}`),
  )
  t.strictSame(few(altered), [], 'everything is byte for byte what was sent')
  const last = new Map<string, number>()
  const disorder = ids.filter(id => {
    const { room = '', place = 0, acknowledged = false } = ledger.get(id) ?? {}
    if (late && !acknowledged) return false
    const before = last.get(room) ?? -1
    last.set(room, place)
    return place <= before
  })
  t.strictSame(few(disorder), [], "each room's events come in the order in which they were sent")
}

/** Enough of a long list to see what is wrong. */
function few<T>(list: T[]): T[] {
  return list.slice(0, 3)
}
