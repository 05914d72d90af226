import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fastify, { LogController } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { request } from 'undici'
import { signingKey } from '../../src/jelou/signature.ts'
import type { PublishOutcome, QueueMessage } from '../../src/queue/types.ts'
import type { Exchange } from '../../src/webhook/exchange.ts'
import type { Accepted } from '../../src/webhook/gate.ts'
import { webhook, type WebhookOptions } from '../../src/webhook/plugin.ts'
import { Rejections } from '../../src/webhook/rejections.ts'
import { markedSecret } from '../fixtures/marked.ts'

export const SECRET = markedSecret()
export const TOKEN = markedSecret()
export const NOW = 1_776_134_300_000
export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Signs independently of the code under test. */
export function sign(body: string | Buffer, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** Headers that pass every check for this body. */
export function goodHeaders(body: string | Buffer): Record<string, string> {
  return {
    'content-type': 'application/json',
    authorization: `Bearer ${TOKEN}`,
    'x-jelou-signature': sign(body),
  }
}

export type Answer = { status: number; headers: Record<string, unknown>; body: Record<string, unknown> }

/** The webhook alone on a random port, over a queue that keeps what it is given. */
export async function startWebhook(t: Test, overrides: Partial<WebhookOptions> = {}) {
  const published: QueueMessage[] = []
  const lines: Record<string, unknown>[] = []
  const exchanges: Exchange[] = []
  const accepted: Accepted = {
    keys: [signingKey(SECRET)],
    credentials: [{ authType: 'bearer', authorization: TOKEN }],
  }
  const options: WebhookOptions = {
    path: '/hook',
    projectId: 'project 1',
    authType: 'bearer',
    bodyLimit: 1000,
    maxEventAge: 0,
    allowedSources: undefined,
    accepted: () => accepted,
    refreshed: async () => false,
    draining: () => false,
    queue: {
      publish: async message => {
        const known = published.some(({ id }) => id === message.id)
        if (!known) published.push(message)
        return known ? 'duplicate' : 'accepted'
      },
    },
    rejections: new Rejections(() => NOW),
    counts: { accepted: 0, duplicate: 0 } satisfies Record<PublishOutcome, number>,
    trace: () => ({ traceparent: TRACEPARENT }),
    observe: exchange => void exchanges.push(exchange),
    now: () => NOW,
    ...overrides,
  }
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
  })
  await app.register(webhook, options)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return {
    url,
    options,
    published,
    lines,
    exchanges,
    post: (body: string | Buffer, headers: Record<string, string> = goodHeaders(body)) =>
      post(`${url}/hook`, body, headers),
    raw: (head: string) => raw(url, head),
  }
}

async function post(url: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> {
  const answer = await request(url, { method: 'POST', headers, body })
  return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(await answer.body.text()) }
}

/** Sends bytes as they are and returns the whole answer; the server must end the connection. */
async function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  return text(socket)
}
