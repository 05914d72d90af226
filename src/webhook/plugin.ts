import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BodyTooLargeError, EventTooOldError, InternalError, SignatureInvalidError } from '../errors.ts'
import { parseEvent } from '../jelou/event.ts'
import { verifyBody } from '../jelou/signature.ts'
import type { PublishOutcome, QueueDriver } from '../queue/types.ts'
import { challenge } from './credentials.ts'
import { envelope } from './envelope.ts'
import { createGate, type GateOptions } from './gate.ts'
import { LogLimit } from './log-limit.ts'
import type { Rejections } from './rejections.ts'

/** What the webhook needs: limits in bytes and ms, 0 as `maxEventAge` being off; `now` in ms since the epoch. */
export type WebhookOptions = GateOptions & {
  path: string
  projectId: string
  bodyLimit: number
  maxEventAge: number
  queue: Pick<QueueDriver, 'publish'>
  rejections: Rejections
  /** Answers with 200 since the start, by outcome. */
  counts: Record<PublishOutcome, number>
  now: () => number
}

const RETRY_AFTER_SECONDS = 5
const REFUSALS_LOGGED_PER_SECOND = 10
const EMPTY = Buffer.alloc(0)

/** The public webhook route: credentials, signature, event, envelope, queue, answer. */
export async function webhook(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { projectId, maxEventAge, queue, counts, now } = options
  const gate = createGate(options)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler<FastifyError>(refusal(options))

  app.addHook('onRequest', (request, _reply, done) => {
    gate(request)
    done()
  })

  app.post(
    options.path,
    { bodyLimit: options.bodyLimit, schema: { response: { 200: ANSWER } } },
    async request => {
      const receivedAt = now()
      const header = request.headers['x-jelou-signature']
      const body = verifyBody(bytesOf(request), header?.toString(), options.accepted()?.keys ?? [])
      if (!body) throw new SignatureInvalidError()
      const event = parseEvent(body)
      if (maxEventAge > 0 && receivedAt - (event.timestamp ?? receivedAt) > maxEventAge)
        throw new EventTooOldError()
      const message = envelope(event, body, projectId, receivedAt)
      const status = await queue.publish(message)
      counts[status]++
      request.log.debug({ id: message.id, type: message.type, status }, 'event taken')
      return { status, id: message.id }
    },
  )
}

const ANSWER = { type: 'object', properties: { status: { type: 'string' }, id: { type: 'string' } } }

function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : EMPTY
}

/** Answers a refused request in Fastify's shape, remembers it, and logs it at a bounded rate. */
function refusal({ rejections, accepted, now }: WebhookOptions) {
  const limit = new LogLimit(REFUSALS_LOGGED_PER_SECOND, now)
  return (cause: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const error = refusalOf(cause)
    if (error.statusCode === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
    if (error.statusCode === 401) reply.header('www-authenticate', challenge(accepted()?.credentials ?? []))
    const { check, statusCode, source } = rejections.add(request, error)
    const suppressed = limit.admit()
    if (suppressed !== undefined) {
      const fault = statusCode >= 500 ? { err: cause } : {}
      request.log.warn({ check, statusCode, source, suppressed, ...fault }, 'request refused')
    }
    return reply
      .code(statusCode)
      .send({ statusCode, code: check, error: STATUS_CODES[statusCode], message: error.message })
  }
}

/** What the caller is told: anything without a code and a status of its own is a fault of this service. */
function refusalOf(cause: FastifyError): { code: string; statusCode: number; message: string } {
  const { code, statusCode, message } =
    cause.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? new BodyTooLargeError() : cause
  if (code === undefined || statusCode === undefined) return refusalOf(new InternalError({ cause }))
  return { code, statusCode, message }
}
