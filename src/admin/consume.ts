import { hash } from 'node:crypto'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AdminRefusedError, AdminUnreachableError } from '../errors.ts'
import { settledAnswer } from './answers.ts'
import { askAdmin, callAdmin, type AdminTarget } from './client.ts'

/** Where to consume, and where the events are printed. */
export type ConsumeOptions = AdminTarget & {
  out: Writable
  /** Ends consuming once the event at hand is printed and acknowledged. */
  signal: AbortSignal
  /** Told of each failure to reach the service, which is tried again after `retryDelay` ms. */
  onRetry: (error: Error) => void
  retryDelay?: number
}

/**
 * One at a time: while one is printed, however long that takes, no other is leased, so that none comes twice or counts as
 * failed when the consumer is slow or ends.
 */
const RECEIVE = { max: 1, wait: '20s', lease: '30s' }

/** The answer to it. The event stands last and as it was published, which parsing would not keep (numbers, escapes). */
const RECEIVED = /^\{"messages":\[(?:\{"lease":"([^"]+)",[^{]*"event":(.*)\})?\]\}$/s

/**
 * Prints every event of the embedded queue as one line of JSON, in the text in which it was published, and acknowledges
 * each once it is printed. Throws AdminRefusedError when the service refuses the call or something else answers there,
 * and what `out` fails with.
 */
export async function consume(options: ConsumeOptions): Promise<void> {
  const { out, signal, onRetry, retryDelay = 1000, ...target } = options
  const printed = new Set<string>()
  while (!signal.aborted) {
    try {
      await consumeOne(target, out, signal, printed)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof AdminUnreachableError)) throw error
      onRetry(error)
      await sleep(retryDelay, undefined, { signal }).catch(() => {})
    }
  }
}

/** `printed` are the digests of events that are printed and not known to be acknowledged. */
async function consumeOne(
  target: AdminTarget,
  out: Writable,
  signal: AbortSignal,
  printed: Set<string>,
): Promise<void> {
  const text = await callAdmin(target, 'POST', '/queue/receive', { body: RECEIVE, signal })
  const [matched, lease, event] = RECEIVED.exec(text) ?? []
  if (matched === undefined) throw new AdminRefusedError(`${target.url}/queue/receive`, 'as another service')
  if (lease === undefined || event === undefined) return
  const digest = hash('sha256', event)
  // It comes again when its lease ran out while it was printed, or the service was away when it was to be acknowledged. Printed each
  // time by an output that stalls for longer than a lease, it would end as a dead letter.
  // JSON has line breaks between its tokens only: in strings they are escaped.
  if (!printed.has(digest)) await print(out, `${event.replaceAll(/[\r\n]/g, ' ')}\n`)
  printed.add(digest)
  // Not bound to the signal: what was printed is acknowledged even when the end was asked for meanwhile.
  const body = { leases: [lease] }
  const { settled } = await askAdmin(target, 'POST', '/queue/ack', { schema: settledAnswer, body })
  if (settled > 0) printed.delete(digest)
}

/** Resolves once the line is handed to the system. */
function print(out: Writable, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // A stream that fails says so twice; unheard, the second time would end the process.
    out.once('error', reject)
    out.write(line, error => {
      if (error) return reject(error)
      out.off('error', reject)
      resolve()
    })
  })
}
