import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { endConnectionsOnClose } from './end-connections.ts'
import { errorAnswer } from './error-answer.ts'
import { NotFoundError } from './errors.ts'

/** The two listeners, without any route. */
export function createListeners(
  config: Config,
  log: FastifyBaseLogger,
): { publicListener: FastifyInstance; adminListener: FastifyInstance } {
  const common = {
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    exposeHeadRoutes: false,
  }
  const publicListener = fastify({
    ...common,
    // A logger for each request would cost every event more than all else that is done with the log.
    childLoggerFactory: logger => logger,
    trustProxy: trusted(config.TRUST_PROXY),
    requestTimeout: 30_000,
    keepAliveTimeout: 75_000,
  })
  // A request that is still being sent by then would hold the process until it is killed.
  endConnectionsOnClose(publicListener, config.SHUTDOWN_TIMEOUT * 0.8)
  publicListener.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(errorAnswer(new NotFoundError())),
  )
  return { publicListener, adminListener: fastify(common) }
}

/** A hop count as Fastify's function: whether the n-th hop from here, counted from 0, is a proxy of ours. */
function trusted(
  proxies: Config['TRUST_PROXY'],
): string[] | false | ((address: string, hop: number) => boolean) {
  return typeof proxies === 'number' ? (_address, hop) => hop < proxies : (proxies ?? false)
}
