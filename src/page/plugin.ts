import { randomBytes } from 'node:crypto'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { endConnectionsOnClose } from '../end-connections.ts'
import { errorAnswer } from '../error-answer.ts'
import { BadRequestError, FormOutdatedError, TooManyListenersError } from '../errors.ts'
import type { DeadLetters } from '../queue/types.ts'
import { matchesAny, secretDigest } from '../secret-digest.ts'
import { loadAssets } from './assets.ts'
import { createHeads } from './dead-letter-heads.ts'
import { fragments, message, page } from './document.ts'
import { createPageGuard, refuseAllButThePage, refuseOtherSites } from './guard.ts'
import { SECURITY_HEADERS } from './headers.ts'
import { SAMPLE, type History } from './history.ts'
import { REDRIVE_PATH } from './sections/dead-letters.ts'
import type { StatusAnswer } from '../admin/status-answer.ts'
import type { PageData, Refusal } from './sources.ts'
import { LiveStream, type StreamOptions } from './stream.ts'

/** What the page shows; times in ms. */
export type PageOptions = {
  token: string | undefined
  history: History
  status: () => Promise<StatusAnswer>
  /** Newest first. */
  rejected: () => readonly Refusal[]
  deadLetters: DeadLetters
  now: () => number
  /** How often the queue is asked how much waits. */
  sampling?: number
  stream?: Pick<StreamOptions, 'most' | 'interval' | 'heartbeat'>
}

const STREAM = { most: 20, interval: 1_000, heartbeat: 15_000 }
const CLOSING_GRACE = 1_000

const query = z.object({ redriven: z.coerce.number().int().nonnegative().optional().catch(undefined) })
const form = z.object({
  csrf: z.string(),
  seq: z.union([z.literal('').transform(() => undefined), z.coerce.number().int().positive()]),
})

/** The page to look at, beside the API of the private listener and with rules of its own. */
export async function statusPage(app: FastifyInstance, options: PageOptions): Promise<void> {
  const { token, history, status, rejected, deadLetters, now } = options
  const guard = createPageGuard(token)
  const heads = createHeads(deadLetters, now)
  const { assets, paths } = loadAssets()
  // Of this process: a form that is older than it is refused, and is a new one once the page is loaded again.
  const csrfToken = randomBytes(32).toString('base64url')
  const csrf = [secretDigest(csrfToken)]
  const stream = new LiveStream({
    ...(options.stream ?? STREAM),
    async render() {
      return Object.fromEntries(
        Object.entries(fragments(await data())).map(([id, part]) => [id, part.toString()]),
      )
    },
    onError: err => app.log.error({ err }, 'the page cannot be rendered'),
  })

  async function data(): Promise<PageData> {
    const current = await status()
    return {
      status: current,
      history,
      refused: rejected(),
      dead: await heads(current.queue.dead),
      csrfToken,
    }
  }

  const sampling = setInterval(() => void sample(), options.sampling ?? SAMPLE)
  /** What cannot be asked leaves a gap. */
  async function sample(): Promise<void> {
    const current = await status().catch(() => undefined)
    if (current?.queue.waiting !== undefined) history.waiting(current.queue.waiting)
  }

  // For people: what describes the API leaves it out.
  app.addHook('onRoute', route => {
    route.schema = { hide: true }
  })
  endConnectionsOnClose(app, CLOSING_GRACE)
  app.addHook('preClose', done => {
    clearInterval(sampling)
    stream.close()
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(SECURITY_HEADERS)
    guard(request)
    done()
  })
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { statusCode, error: title = 'Error', message: text } = errorAnswer(error)
    if (statusCode === 401) reply.header('www-authenticate', 'Basic realm="jelou-receiver", charset="UTF-8"')
    if (statusCode >= 500) request.log.error({ err: error }, 'the page failed')
    return reply
      .code(statusCode)
      .type('text/html; charset=utf-8')
      .send(message(title, text, paths))
  })

  // Forms here and nowhere else: the API beside it takes only JSON, so that no page of another site can send it.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 1024 },
    async (_request: FastifyRequest, text: string) => Object.fromEntries(new URLSearchParams(text)),
  )

  app.get('/', async (request, reply) => {
    const { redriven } = query.parse(request.query)
    return reply.type('text/html; charset=utf-8').send(page(await data(), paths, redriven))
  })

  for (const { path, type, content } of assets)
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'private, max-age=31536000, immutable').send(content),
    )

  app.get('/events', (request, reply) => {
    // Any page could have this machine's browser open as many as there may be.
    refuseAllButThePage(request)
    const events = stream.open()
    if (events === null) throw new TooManyListenersError()
    return reply
      .type('text/event-stream')
      .header('connection', 'close')
      .header('x-accel-buffering', 'no')
      .send(events)
  })

  app.post(REDRIVE_PATH, async (request, reply) => {
    refuseOtherSites(request)
    const sent = form.safeParse(request.body)
    if (!sent.success) throw new BadRequestError('This is not the form of the page')
    if (!matchesAny(sent.data.csrf, csrf)) throw new FormOutdatedError()
    const { seq } = sent.data
    const redriven = await deadLetters.redrive(seq === undefined ? undefined : [seq])
    return reply.redirect(`/?redriven=${redriven}#dead-letters`, 303)
  })
}
