import { createHmac } from 'node:crypto'
import { Agent, request } from 'undici'
import { assertUnmarked } from '../fixtures/marked.ts'

/** An answer as it came: `text` is the exact body. */
export type Answer = { status: number; headers: Record<string, unknown>; text: string }

export type CallOptions = {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string | Buffer
}

// A connection for each call: none that a process which is shut down or killed would have to wait for, or leave behind.
const dispatcher = new Agent({ pipelining: 0 })

/** One call on a connection of its own. Fails when a secret of the tests is in the answer. */
export async function call(
  url: string,
  { method = 'GET', headers, body }: CallOptions = {},
): Promise<Answer> {
  const answer = await request(url, {
    dispatcher,
    method,
    ...(headers && { headers }),
    body: body ?? null,
    reset: true,
  })
  const [{ statusCode: status, headers: given }, text] = [answer, await answer.body.text()]
  assertUnmarked(`the answer ${status} of ${new URL(url).pathname}`, `${JSON.stringify(given)}\n${text}`)
  return { status, headers: given, text }
}

/** Calls the private listener with a JSON body. */
export function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const json = { 'content-type': 'application/json' }
  return call(url, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
}

/** The headers of an event as Jelou sends it, signed independently of the code under test. */
export function signed(body: string | Buffer, secret: string, token?: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-jelou-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
}

/** A leased message; `raw` is the text of its whole answer. */
export type Received = { event: Record<string, unknown>; raw: string }

/** Leases and acknowledges everything that is in the queue, in the order in which it comes. */
export async function receiveAll(
  adminUrl: string,
  headers: Record<string, string> = {},
): Promise<Received[]> {
  const all: Received[] = []
  for (;;) {
    const { text: raw } = await post(`${adminUrl}/queue/receive`, { max: 1000 }, headers)
    const { messages }: { messages: { lease: string; event: Record<string, unknown> }[] } = JSON.parse(raw)
    if (messages.length === 0) return all
    all.push(...messages.map(({ event }) => ({ event, raw })))
    await post(`${adminUrl}/queue/ack`, { leases: messages.map(({ lease }) => lease) }, headers)
  }
}
