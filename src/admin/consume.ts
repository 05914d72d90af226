import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { z } from 'zod'
import { ConsumerRefusedError } from '../errors.ts'

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

/** How to consume: the private listener's address, its token, and where the events are printed. */
export type ConsumeOptions = {
  url: string
  token: string | undefined
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
 * Throws ConsumerRefusedError when the service refuses the call for good (4xx).
 */
export async function consume({
  signal,
  onRetry,
  retryDelay = 1000,
  ...options
}: ConsumeOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await consumeOnce(options, signal)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ConsumerRefusedError) throw error
      onRetry(error as Error)
      await sleep(retryDelay, undefined, { signal }).catch(() => {})
    }
  }
}

async function consumeOnce(
  { url, token, out }: Omit<ConsumeOptions, 'signal' | 'onRetry'>,
  signal: AbortSignal,
): Promise<void> {
  const answer = await post(`${url}/queue/receive`, token, { max: 100, wait: '20s', lease: '30s' }, signal)
  const { messages } = received.parse(answer)
  for (const { event } of messages) if (!out.write(`${JSON.stringify(event)}\n`)) await once(out, 'drain')
  // Not bound to the signal: what was printed is acknowledged even when the end was asked for meanwhile.
  if (messages.length > 0)
    await post(`${url}/queue/ack`, token, { leases: messages.map(({ lease }) => lease) })
}

async function post(
  url: string,
  token: string | undefined,
  body: object,
  signal?: AbortSignal,
): Promise<unknown> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    signal: signal ?? null,
  })
  const text = await answer.body.text()
  if (answer.statusCode < 300) return JSON.parse(text, exactNumbers)
  if (answer.statusCode < 500) throw new ConsumerRefusedError(url, answer.statusCode)
  throw new Error(`${url} answered ${answer.statusCode}`)
}

/** Keeps the digits of a number that a double cannot hold, so that it is printed as Jelou sent it. */
function exactNumbers(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? JSON.rawJSON(source)
    : value
}
