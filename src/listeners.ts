import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
} from 'fastify'
import type { Config } from './config.ts'
import { endConnectionsOnClose } from './end-connections.ts'
import { errorAnswer } from './error-answer.ts'
import { MalformedRequestError, NotFoundError } from './errors.ts'
import { endWhereUnread, readOnlyWhatIsWanted } from './http/bodies.ts'
import { Refused } from './http/refused.ts'
import { createHttpServer, HTTP_LIMITS } from './http/server.ts'

/** The two listeners, without any route, what each refuses before any, and what has the public one's connections end behind their next answer. */
export function createListeners(config: Config, log: FastifyBaseLogger) {
  const refused = { public: new Refused(), private: new Refused() }
  const publicListener = createListener(refused.public, {
    loggerInstance: log,
    // A logger for each request would cost every event more than all else that is done with the log.
    childLoggerFactory: logger => logger,
    trustProxy: trusted(config.TRUST_PROXY),
  })
  // Who ends its side behind its request waits for the answer all the same. A consumer that does so has gone: its wait is to end.
  Object.assign(publicListener.server, { httpAllowHalfOpen: true })
  // A request that is still being sent by then would hold the process until it is killed.
  const endConnections = endConnectionsOnClose(publicListener, config.SHUTDOWN_TIMEOUT * 0.8)
  publicListener.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(errorAnswer(new NotFoundError())),
  )
  const adminListener = createListener(refused.private, { loggerInstance: log })
  return { publicListener, adminListener, refused, endConnections }
}

/** What both have in common: the rules of HTTP itself, and answers in this service's terms wherever no route has its own. */
function createListener(refused: Refused, options: FastifyServerOptions): FastifyInstance {
  const app = fastify({
    ...options,
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    exposeHeadRoutes: false,
    serverFactory: handler => createHttpServer(HTTP_LIMITS, handler, refused),
    // The server answers them itself.
    clientErrorHandler: () => undefined,
    // A path that cannot be decoded, which Fastify would repeat to the caller.
    frameworkErrors: (_error, request, reply: FastifyReply) => {
      const refusal = new MalformedRequestError()
      refused.answered(refusal)
      endWhereUnread(request, reply)
      void reply.code(400).send(errorAnswer(refusal))
    },
  })
  // Where there is no route no body is read, and each route has a parser of its own.
  app.removeAllContentTypeParsers()
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const answer = errorAnswer(error)
    if (answer.statusCode >= 500) request.log.error({ err: error }, 'a request failed')
    return reply.code(answer.statusCode).send(answer)
  })
  readOnlyWhatIsWanted(app)
  return app
}

/** A hop count as Fastify's function: whether the n-th hop from here, counted from 0, is a proxy of ours. */
function trusted(
  proxies: Config['TRUST_PROXY'],
): string[] | false | ((address: string, hop: number) => boolean) {
  return typeof proxies === 'number' ? (_address, hop) => hop < proxies : (proxies ?? false)
}
