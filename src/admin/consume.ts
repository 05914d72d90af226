import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AdminRefusedError, AdminUnreachableError } from '../errors.ts'
import { callAdmin, type AdminTarget } from './client.ts'

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
 * One at a time: an event that is not printed yet is not leased either, however long printing takes, so that it neither
 * comes twice nor counts as failed when the consumer is slow or ends.
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
  while (!signal.aborted) {
    try {
      await consumeOne(target, out, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof AdminUnreachableError)) throw error
      onRetry(error)
      await sleep(retryDelay, undefined, { signal }).catch(() => {})
    }
  }
}

async function consumeOne(target: AdminTarget, out: Writable, signal: AbortSignal): Promise<void> {
  const text = await callAdmin(target, 'POST', '/queue/receive', { body: RECEIVE, signal })
  const [matched, lease, event] = RECEIVED.exec(text) ?? []
  if (matched === undefined) throw new AdminRefusedError(`${target.url}/queue/receive`, 'as another service')
  if (lease === undefined || event === undefined) return
  // JSON has line breaks between its tokens only: in strings they are escaped.
  await print(out, `${event.replaceAll(/[\r\n]/g, ' ')}\n`)
  // Not bound to the signal: what was printed is acknowledged even when the end was asked for meanwhile.
  await callAdmin(target, 'POST', '/queue/ack', { body: { leases: [lease] } })
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
