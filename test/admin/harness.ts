import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { request, type Dispatcher } from 'undici'
import { createMetrics } from '../../src/admin/metrics.ts'
import { admin, type AdminOptions } from '../../src/admin/plugin.ts'
import { createSqliteQueue } from '../../src/queue/drivers/sqlite.ts'
import type { EmbeddedQueue } from '../../src/queue/types.ts'
import { metricSources } from './fixtures/metric-sources.ts'
import { message } from '../queue/fixtures/message.ts'

/** An answer of the private listener, with its text as it came. */
export type Answer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  json: Record<string, unknown>
}

export type Message = { lease: string; attempts: number; event: { n: number; key: string } }

export type Harness = {
  app: FastifyInstance
  url: string
  queue: EmbeddedQueue
  /** What the listener logged. */
  lines: Record<string, unknown>[]
  call: (
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
  /** Publishes an event of this key whose text is given, or made of a number. */
  publish: (key: string, event: number | string) => Promise<void>
  receive: (body?: object) => Promise<Message[]>
}

export type HarnessOptions = Partial<AdminOptions> & { maxAttempts?: number; port?: number }

/** The private listener on a random port, with a real embedded queue behind it, for as long as the test lasts. */
export async function startAdmin(t: Test, options: HarnessOptions = {}): Promise<Harness> {
  const { maxAttempts = 5, port = 0, ...overrides } = options
  const lines: Record<string, unknown>[] = []
  const log: FastifyBaseLogger = pino(
    { level: 'warn' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  // A test may start several, and `t.testdir` would take the files of the first away.
  const directory = await mkdtemp(join(tmpdir(), 'admin-test-'))
  const queue = createSqliteQueue({
    file: join(directory, 'queue.sqlite'),
    dedupeWindow: 0,
    log,
    maxAttempts,
    minFree: 0,
    ballast: 0,
  })
  await queue.connect()
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
  })
  await app.register(admin, {
    token: undefined,
    status: async () => ({ status: 'ready' }),
    sendTestEvent: async way => ({
      url: way,
      statusCode: 200,
      answer: 'accepted',
      id: 'i',
      tookMs: 1,
      problem: null,
    }),
    registration: {
      register: async () => 'unchanged',
      rotate: async () => 'rotated',
      unregister: async () => 'unregistered',
    },
    rejected: () => [{ check: 'ERR_SIGNATURE_INVALID' }],
    stats: () => queue.stats(),
    metrics: createMetrics(metricSources({ stats: () => queue.stats() })),
    deadLetters: queue.consumer,
    consumer: queue.consumer,
    documents: [],
    ...overrides,
  })
  const url = await app.listen({ host: '127.0.0.1', port })
  t.teardown(async () => {
    await app.close()
    await queue.close()
    await rm(directory, { recursive: true })
  })

  const call: Harness['call'] = async (method, path, body, headers = {}) => {
    const answer = await request(url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, headers: answer.headers, text, json: parsed(text) }
  }
  return {
    app,
    url,
    queue,
    lines,
    call,
    async publish(partitionKey, event) {
      const text = typeof event === 'string' ? event : JSON.stringify({ n: event, key: partitionKey })
      const id = createHash('sha256').update(text).digest('hex')
      await queue.publish({ ...message(partitionKey), id, timestamp: 0, body: Buffer.from(text) })
    },
    async receive(body = {}) {
      const { json } = await call('POST', '/queue/receive', body)
      return json['messages'] as Message[]
    },
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
