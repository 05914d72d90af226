import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { z } from 'zod'
import { endConnectionsOnClose } from '../end-connections.ts'
import { errorAnswer } from '../error-answer.ts'
import { BadRequestError, NoSuchRouteError } from '../errors.ts'
import type { DeadLetters, QueueConsumer, QueueStats } from '../queue/types.ts'
import { consumerApi } from './consumer-api.ts'
import { parse } from './consumer-requests.ts'
import { deadLetterApi } from './dead-letter-api.ts'
import { createGuard } from './guard.ts'
import { documentApi, type Document } from './document-api.ts'
import { queueFigures } from './queue-figures.ts'
import { registrationApi, type RegistrationRequests } from './registration-api.ts'
import { CHALLENGE } from './refused.ts'
import { METRICS, QUEUE_STATS, REJECTED, STATUS } from './routes.ts'
import { testEventApi, type SendTestEvent } from './test-event-api.ts'

/** Consumers that wait are answered at once; this is for acknowledgements that wait for the disk. In ms. */
const CLOSING_GRACE = 1000

/** What the private listener shows; `status` and `rejected` are sent as JSON and hold no secret. */
export type AdminOptions = {
  token: string | undefined
  status: () => Promise<object>
  rejected: () => readonly object[]
  registration: RegistrationRequests
  sendTestEvent: SendTestEvent
  metrics: Registry
  stats: () => Promise<QueueStats>
  /** Of the embedded queue, or of the spool before a broker. */
  deadLetters: DeadLetters
  /** Only the embedded queue has one. */
  consumer: QueueConsumer | undefined
  /** What describes the API, served here. */
  documents: readonly Document[]
}

/** The private listener: status, the registration on request, refused requests, metrics, dead letters, the embedded queue's consumer API. */
export async function admin(app: FastifyInstance, options: AdminOptions): Promise<void> {
  const guard = createGuard(options.token)
  app.addHook('onRequest', (request, _reply, done) => {
    guard(request)
    done()
  })
  endConnectionsOnClose(app, CLOSING_GRACE)
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const answer = errorAnswer(error)
    if (answer.statusCode === 401) reply.header('www-authenticate', CHALLENGE)
    if (answer.statusCode >= 500) request.log.error({ err: error }, 'the private listener failed')
    return reply.code(answer.statusCode).send(answer)
  })
  app.setNotFoundHandler(({ method, url }) => {
    throw new NoSuchRouteError(method, url.split('?', 1)[0])
  })
  // Only JSON, so that a web page needs permission to send it; none at all where everything has a default.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: FastifyRequest, text: string) => (text.trim() === '' ? undefined : parseJson(text)),
  )

  // By the schemas that describe the routes, and with their own messages.
  app.setValidatorCompiler<z.ZodType>(
    ({ schema }) =>
      input =>
        checked(schema, input),
  )
  app.setSerializerCompiler(() => JSON.stringify)

  app.get('/status', { schema: STATUS }, options.status)
  await app.register(registrationApi, options.registration)
  await app.register(testEventApi, { send: options.sendTestEvent })
  app.get('/rejected', { schema: REJECTED }, async () => ({ rejected: options.rejected() }))
  app.get('/metrics', { schema: METRICS }, async (_request, reply) => {
    reply.type(options.metrics.contentType)
    return options.metrics.metrics()
  })
  app.get('/queue/stats', { schema: QUEUE_STATS }, async () => queueFigures(await options.stats()))
  await app.register(deadLetterApi, { deadLetters: options.deadLetters })
  await app.register(documentApi, { documents: options.documents })
  if (options.consumer) await app.register(consumerApi, { consumer: options.consumer })
}

function checked(schema: z.ZodType, input: unknown): { value: unknown } | { error: Error } {
  try {
    return { value: parse(schema, input) }
  } catch (error) {
    return { error: error as Error }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BadRequestError('The body is not JSON', { cause })
  }
}
