import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorAnswer } from '../error-answer.ts'
import { EventTooOldError, SignatureInvalidError } from '../errors.ts'
import { parseEvent } from '../jelou/event.ts'
import type { AuthType } from '../jelou/schemas.ts'
import { verifyBody } from '../jelou/signature.ts'
import type { PublishOutcome, QueueDriver, TraceContext } from '../queue/types.ts'
import { challenge } from './credentials.ts'
import { envelope } from './envelope.ts'
import type { Observe, Timeline } from './exchange.ts'
import { acceptedNow, createGate, type GateOptions } from './gate.ts'
import { LogLimit } from './log-limit.ts'
import { bodyReader } from './read-body.ts'
import type { Rejections } from './rejections.ts'
import { answerText, describeWebhook, RETRY_AFTER_SECONDS } from './route.ts'

/** What the webhook needs: limits in ms, 0 as `maxEventAge` being off; `now` in ms since the epoch. */
export type WebhookOptions = GateOptions & {
  path: string
  projectId: string
  /** What is configured, for the challenge of a 401. */
  authType: AuthType
  maxEventAge: number
  queue: Pick<QueueDriver, 'publish'>
  rejections: Rejections
  /** Answers with 200 since the start, by outcome. */
  counts: Record<PublishOutcome, number>
  observe: Observe
  /** Where the message of a request whose signature verified belongs; the headers decide over nothing else. */
  trace: (headers: IncomingHttpHeaders, timeline: Timeline) => TraceContext
  now: () => number
}

const REFUSALS_LOGGED_PER_SECOND = 10

/** The public webhook route: credentials, signature, event, envelope, queue, answer. */
export async function webhook(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { projectId, maxEventAge, queue, counts, observe, trace, now } = options
  const gate = createGate(options)
  const readBody = bodyReader(options.bodyLimit)

  app.removeAllContentTypeParsers()
  // By its name JSON is found at once, where `*` has the header parsed anew for each request.
  app.addContentTypeParser(
    ['application/json', '*'],
    async (_request: FastifyRequest, payload: IncomingMessage) => readBody(payload),
  )
  app.setErrorHandler<FastifyError>(refusal(options))

  // The body is JSON only once it is verified: parseEvent checks it.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(({ httpStatus }) => (httpStatus === '200' ? answerText : JSON.stringify))

  app.decorateRequest('exchange')
  app.addHook('onRequest', async request => {
    request.exchange = { timeline: { received: performance.now() } }
    await gate(request)
    request.exchange.timeline.credential = performance.now()
  })

  app.post<{ Body: Buffer }>(options.path, { schema: describeWebhook(options.authType) }, async request => {
    const { exchange } = request
    const { timeline } = exchange
    timeline.body = performance.now()
    const receivedAt = now()
    const signature = String(request.headers['x-jelou-signature'])
    const verified = () => verifyBody(request.body, signature, acceptedNow(options).keys)
    const body = verified() ?? ((await options.refreshed()) ? verified() : undefined)
    if (!body) throw new SignatureInvalidError()
    timeline.signature = performance.now()
    exchange.trace = trace(request.headers, timeline)
    const event = parseEvent(body)
    if (event.timestamp !== undefined) exchange.eventAge = receivedAt - event.timestamp
    if (maxEventAge > 0 && (exchange.eventAge ?? 0) > maxEventAge) throw new EventTooOldError()
    const message = envelope(event, body, projectId, receivedAt, exchange.trace)
    exchange.id = message.id
    const status = await queue.publish(message)
    counts[status]++
    timeline.publish = performance.now()
    observe({ ...exchange, outcome: status, statusCode: 200, answered: timeline.publish })
    request.log.debug({ reqId: request.id, id: message.id, type: message.type, status }, 'event taken')
    return { status, id: message.id }
  })
}

/** Answers a refused request in Fastify's shape, remembers it, and logs it at a bounded rate. */
function refusal({ rejections, authType, observe, now }: WebhookOptions) {
  const limit = new LogLimit(REFUSALS_LOGGED_PER_SECOND, now)
  return (cause: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const answer = errorAnswer(cause)
    const { statusCode, code: check } = answer
    if (statusCode === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
    if (statusCode === 401) reply.header('www-authenticate', challenge(authType))
    const { source } = rejections.add(request, answer)
    observe({ ...request.exchange, outcome: check, statusCode, answered: performance.now() })
    const suppressed = limit.admit()
    if (suppressed !== undefined) {
      const fault = statusCode >= 500 ? { err: cause } : {}
      request.log.warn(
        { reqId: request.id, check, statusCode, source, suppressed, ...fault },
        'request refused',
      )
    }
    return reply.code(statusCode).send(answer)
  }
}
