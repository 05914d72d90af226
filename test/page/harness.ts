import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { LogController, type FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { request, type Dispatcher } from 'undici'
import { History } from '../../src/page/history.ts'
import { statusPage, type PageOptions } from '../../src/page/plugin.ts'
import type { StatusAnswer } from '../../src/admin/status-answer.ts'
import type { Refusal } from '../../src/page/sources.ts'
import { createSqliteQueue } from '../../src/queue/drivers/sqlite.ts'
import { serviceStatus } from './data.ts'
import { message } from '../queue/fixtures/message.ts'

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string }

/** The page on a random port, before a real embedded queue in which every returned event is dead at once. */
export async function startPage(t: Test, overrides: Partial<PageOptions> = {}) {
  const lines: Record<string, unknown>[] = []
  const log: FastifyBaseLogger = pino(
    { level: 'warn' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  const directory = await mkdtemp(join(tmpdir(), 'page-test-'))
  const file = join(directory, 'queue.sqlite')
  const queue = createSqliteQueue({ file, dedupeWindow: 0, log, maxAttempts: 1, minFree: 0, ballast: 0 })
  await queue.connect()
  const events: StatusAnswer['events'] = { accepted: 0, duplicate: 0, refused: {} }
  const refusals: Refusal[] = []
  const history = new History(Date.now)
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
  })
  await app.register(statusPage, {
    token: undefined,
    history,
    async status() {
      const { oldestAge, ...stats } = await queue.stats()
      return serviceStatus({
        events: { ...events },
        queue: { driver: 'sqlite', ...stats, oldestAgeSeconds: oldestAge / 1000 },
      })
    },
    rejected: () => refusals,
    deadLetters: queue.consumer,
    now: Date.now,
    stream: { most: 3, interval: 20, heartbeat: 60_000 },
    ...overrides,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await app.close()
    await queue.close()
    await rm(directory, { recursive: true })
  })

  async function call(
    method: Dispatcher.HttpMethod,
    path: string,
    { headers = {}, body = null }: { headers?: Record<string, string>; body?: string | null } = {},
  ): Promise<Answer> {
    const answer = await request(url + path, { method, headers, body })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  }

  let published = 0
  async function publish(): Promise<void> {
    const id = String(++published).padStart(64, '0')
    const body = Buffer.from(
      `{"specversion":"1.0","id":"${id}","source":"urn:x","type":"ai.jelou.message","data":"customer"}`,
    )
    await queue.publish({ ...message(`room-${id}`), id, timestamp: 0, body })
  }

  return {
    app,
    url,
    queue,
    events,
    refusals,
    history,
    lines,
    call,
    publish,
    /** Makes so many dead letters. */
    bury: async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await publish()
      const messages = await queue.consumer.receive({ max: count, wait: 0, lease: 10_000 })
      await queue.consumer.reject(
        messages.map(({ lease }) => lease),
        { delay: 0, reason: 'the CRM answers 500' },
      )
    },
    /** The token that the form of the page has. */
    csrfToken: async (headers: Record<string, string> = {}): Promise<string> => {
      const { text } = await call('GET', '/', { headers })
      return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
    },
    /** Sends the page's form as a browser does. */
    redrive: (fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      return call('POST', '/redrive', {
        headers: { ...form, ...headers },
        body: String(new URLSearchParams(fields)),
      })
    },
  }
}

export type Listening = {
  status: number
  headers: Answer['headers']
  /** The next event's data, or `null` at the end of the stream. */
  next: () => Promise<Record<string, string> | null>
  /** Goes away. */
  leave: () => void
}

/** Subscribes to the page's events, as a browser does. */
export async function listen(t: Test, url: string, headers: Record<string, string> = {}): Promise<Listening> {
  const leaving = new AbortController()
  t.teardown(() => leaving.abort())
  const answer = await request(`${url}/events`, {
    headers: { accept: 'text/event-stream', referer: `${url}/`, ...headers },
    signal: leaving.signal,
  })
  answer.body.setEncoding('utf8')
  const chunks: AsyncIterator<string> = answer.body[Symbol.asyncIterator]()
  let text = ''
  return {
    status: answer.statusCode,
    headers: answer.headers,
    leave: () => leaving.abort(),
    async next() {
      for (;;) {
        const [, event, rest] = /^(.*?)\n\n(.*)$/s.exec(text) ?? []
        if (event !== undefined && rest !== undefined) {
          text = rest
          const data = /^event: parts\ndata: (.*)$/.exec(event)?.[1]
          if (data !== undefined) return JSON.parse(data)
          continue
        }
        const { done = false, value } = await chunks.next()
        if (done) return null
        text += value
      }
    },
  }
}
