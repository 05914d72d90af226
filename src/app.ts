import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { createMetrics } from './admin/metrics.ts'
import { admin } from './admin/plugin.ts'
import type { RejectedRequest } from './admin/answers.ts'
import { queueFigures } from './admin/queue-figures.ts'
import type { StatusAnswer } from './admin/status-answer.ts'
import type { Config } from './config.ts'
import { describeListeners } from './description/listeners.ts'
import { errorAnswer } from './error-answer.ts'
import { NotFoundError } from './errors.ts'
import { endConnectionsOnClose } from './end-connections.ts'
import { createIntegrationApi, type IntegrationApi } from './jelou/client.ts'
import { openQueue, type ServiceQueue } from './open-queue.ts'
import { openConfiguredState } from './open-state.ts'
import { keptSchema } from './registration/kept.ts'
import { createRegistrar, type Registrar } from './registration/registrar.ts'
import { whyNotReady } from './registration/status.ts'
import { createSeal } from './state/seal.ts'
import { createStore } from './state/store.ts'
import { health, isReady, type HealthChecks } from './webhook/health.ts'
import { webhook } from './webhook/plugin.ts'
import { Rejections } from './webhook/rejections.ts'

/** What the composition is given by the process: where it logs, and what ends it. */
export type AppOptions = {
  log: FastifyBaseLogger
  /** Called once when the service cannot go on, for instance because Jelou refuses to register it. */
  onFatal: (error: Error) => void
  now?: () => number
}

/** The whole service, built but not listening. */
export type App = {
  /** The public listener: webhook and health. */
  public: FastifyInstance
  /** The private listener: status, metrics, consumer API. */
  admin: FastifyInstance
  registrar: Registrar
  queue: ServiceQueue
  /** Opens queue and kept state, listens, then registers. Throws the errors of what cannot be opened. */
  start(): Promise<{ publicUrl: string; adminUrl: string }>
  /** Not ready at once; serves for SHUTDOWN_DELAY, finishes what is in flight, closes everything. Idempotent. */
  drain(): Promise<void>
}

/** Composes the service. Throws the state's errors when the kept state cannot be opened. */
export async function buildApp(config: Config, { log, onFatal, now = Date.now }: AppOptions): Promise<App> {
  const startedAt = now()
  const phase = { draining: false, refusing: false }
  const events = { accepted: 0, duplicate: 0 }
  const rejections = new Rejections(now)

  const queue = await openQueue(config, log)
  const backend = await openConfiguredState(config, log)
  const seal = createSeal({
    keys: config.STATE_ENCRYPTION_KEY ?? [],
    projectId: config.JELOU_PROJECT_ID,
    location: backend.location,
  })
  const store = createStore({ backend, seal, schema: keptSchema })
  const api = integrationApi(config)
  const registrar = createRegistrar({
    api,
    store,
    backend,
    shared: config.STATE_URL !== 'sqlite:',
    desired: {
      projectId: config.JELOU_PROJECT_ID,
      authType: config.WEBHOOK_AUTH_TYPE,
      ...(config.WEBHOOK_AUTHORIZATION !== undefined && { authorization: config.WEBHOOK_AUTHORIZATION }),
      get webhookUrl() {
        return publicUrl() + config.WEBHOOK_PATH
      },
    },
    ...(config.JELOU_SIGNING_SECRET && { staticSecrets: config.JELOU_SIGNING_SECRET }),
    secretLost: config.JELOU_SECRET_LOST,
    interval: config.RECONCILE_INTERVAL,
    graceWindow: config.DEDUPE_WINDOW,
    log,
    onFatal,
    now,
  })

  const logging = { loggerInstance: log, logController: new LogController({ disableRequestLogging: true }) }
  const publicListener = fastify({
    ...logging,
    // A logger for each request would cost every event more than all else that is done with the log.
    childLoggerFactory: logger => logger,
    trustProxy: trusted(config.TRUST_PROXY),
    requestTimeout: 30_000,
    keepAliveTimeout: 75_000,
    return503OnClosing: false,
    exposeHeadRoutes: false,
  })
  const adminListener = fastify({ ...logging, return503OnClosing: false, exposeHeadRoutes: false })
  const documents = await describeListeners(publicListener, adminListener, publicUrl)

  // A request that is still being sent by then would hold the process until it is killed.
  endConnectionsOnClose(publicListener, config.SHUTDOWN_TIMEOUT * 0.8)
  publicListener.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(errorAnswer(new NotFoundError())),
  )
  await publicListener.register(health, { checks })
  await publicListener.register(webhook, {
    path: config.WEBHOOK_PATH,
    projectId: config.JELOU_PROJECT_ID,
    authType: config.WEBHOOK_AUTH_TYPE,
    bodyLimit: config.BODY_LIMIT,
    maxEventAge: config.MAX_EVENT_AGE,
    allowedSources: config.ALLOWED_SOURCES,
    accepted: () => registrar.accepted(),
    refreshed: () => registrar.refreshed(),
    draining: () => phase.refusing,
    queue,
    rejections,
    counts: events,
    observe: () => {},
    now,
  })
  await adminListener.register(admin, {
    token: config.ADMIN_TOKEN,
    status,
    rotate: () => registrar.rotate(),
    stats: () => queue.stats(),
    rejected: (): readonly RejectedRequest[] => rejections.list(),
    metrics: createMetrics({
      events: () => events,
      refused: () => rejections.counts,
      queue: () => queue.stats(),
      reconciles: () => registrar.status().reconciles,
      registration: () => registrar.status().phase,
      secretAge: () => age(registrar.status().secretSince),
    }),
    deadLetters: queue.deadLetters,
    consumer: queue.consumer,
    documents,
  })

  function checks(): HealthChecks {
    const state = queue.health()
    return {
      secret: registrar.accepted() ? 'ok' : whyNotReady(registrar.status()),
      queue: state.ok ? 'ok' : state.reason,
      draining: phase.draining ? 'shutting down' : 'ok',
    }
  }

  async function status(): Promise<StatusAnswer> {
    const { secretSince, ...registration } = registrar.status()
    const state = checks()
    return {
      status: isReady(state) ? 'ready' : 'not ready',
      checks: state,
      uptimeSeconds: (now() - startedAt) / 1000,
      registration: { ...registration, secretAgeSeconds: age(secretSince) },
      // Without figures when the queue cannot be asked: `checks.queue` says why, and the rest is wanted most then.
      queue: {
        driver: queue.name,
        ...queue.figures?.(),
        ...(await queue.stats().then(queueFigures, () => ({}))),
      },
      events: { ...events, refused: rejections.counts },
    }
  }

  /** In seconds; null when there is nothing that could have one. */
  function age(since: number | null): number | null {
    return since === null ? null : (now() - since) / 1000
  }

  /** PUBLIC_URL; a port 0 in it stands for the port that the system gave, as in tests and demonstrations. */
  function publicUrl(): string {
    const port = publicListener.addresses().map(address => (address as AddressInfo).port)[0]
    return config.PUBLIC_URL.replace(/:0(?=\/|$)/, `:${port}`)
  }

  return {
    public: publicListener,
    admin: adminListener,
    registrar,
    queue,
    async start() {
      await queue.connect()
      await registrar.open()
      const adminUrl = await adminListener.listen({ host: config.ADMIN_HOST, port: config.ADMIN_PORT })
      await publicListener.listen({ host: config.HOST, port: config.PORT })
      registrar.start()
      return { publicUrl: publicUrl(), adminUrl }
    },
    async drain() {
      phase.draining = true
      await sleep(config.SHUTDOWN_DELAY)
      phase.refusing = true
      await publicListener.close()
      await adminListener.close()
      // At once, because each may wait for somebody who does not answer.
      await Promise.all([registrar.stop().then(() => api?.close()), queue.close()])
      await store.close()
    },
  }
}

/** Null when the signing secret is configured and nothing is to be registered. */
function integrationApi(config: Config): IntegrationApi | null {
  if (config.JELOU_SIGNING_SECRET) return null
  const {
    JELOU_API_KEY: apiKey,
    JELOU_CLIENT_ID: clientId = '',
    JELOU_CLIENT_SECRET: clientSecret = '',
  } = config
  return createIntegrationApi({
    baseUrl: config.JELOU_API_URL,
    projectId: config.JELOU_PROJECT_ID,
    credential: apiKey === undefined ? { clientId, clientSecret } : { apiKey },
  })
}

/** A hop count as Fastify's function: whether the n-th hop from here, counted from 0, is a proxy of ours. */
function trusted(
  proxies: Config['TRUST_PROXY'],
): string[] | false | ((address: string, hop: number) => boolean) {
  return typeof proxies === 'number' ? (_address, hop) => hop < proxies : (proxies ?? false)
}
