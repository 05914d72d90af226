import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AdminUnreachableError } from '../errors.ts'
import { callAdmin, type AdminTarget } from './client.ts'

declare global {
  // JSON.parse source text access (ECMAScript 2026), which Node 24 has and TypeScript's library does not yet.
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): unknown
  }
}

/** Where to consume, and where the events are printed. */
export type ConsumeOptions = AdminTarget & {
  out: Writable
  /** Ends consuming once the batch at hand is printed and acknowledged. */
  signal: AbortSignal
  /** Told of each failure to reach the service, which is tried again after `retryDelay` ms. */
  onRetry: (error: Error) => void
  retryDelay?: number
}

const received = z.object({ messages: z.array(z.object({ lease: z.string(), event: z.unknown() })) })

/**
 * Prints every event of the embedded queue as one line of JSON and acknowledges each once it is printed.
 * Throws AdminRefusedError when the service refuses the call, and what `out` fails with.
 */
export async function consume({
  out,
  signal,
  onRetry,
  retryDelay = 1000,
  ...target
}: ConsumeOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await consumeBatch(target, out, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof AdminUnreachableError)) throw error
      onRetry(error)
      await sleep(retryDelay, undefined, { signal }).catch(() => {})
    }
  }
}

async function consumeBatch(target: AdminTarget, out: Writable, signal: AbortSignal): Promise<void> {
  const body = { max: 100, wait: '20s', lease: '30s' }
  const { text } = await callAdmin(target, 'POST', '/queue/receive', { body, signal })
  const { messages } = received.parse(JSON.parse(text, exactNumbers))
  for (const { lease, event } of messages) {
    await print(out, `${JSON.stringify(event)}\n`)
    // Not bound to the signal: what was printed is acknowledged even when the end was asked for meanwhile.
    await callAdmin(target, 'POST', '/queue/ack', { body: { leases: [lease] } })
  }
}

/** Resolves once the line is handed to the system. */
function print(out: Writable, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(line, error => (error ? reject(error) : resolve()))
  })
}

/** Keeps the digits of a number that a double cannot hold, so that it is printed as Jelou sent it. */
function exactNumbers(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? JSON.rawJSON(source)
    : value
}
