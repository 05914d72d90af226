import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { RejectedRequest } from './admin/answers.ts'
import { createMetrics } from './admin/metrics.ts'
import { admin } from './admin/plugin.ts'
import { PublishMeter } from './admin/publish-meter.ts'
import { queueFigures } from './admin/queue-figures.ts'
import type { StatusAnswer } from './admin/status-answer.ts'
import { Traffic } from './admin/traffic.ts'
import type { Config } from './config.ts'
import { describeListeners } from './description/listeners.ts'
import { ListenError } from './errors.ts'
import { createListeners } from './listeners.ts'
import { localUrl } from './network.ts'
import { openExaminer } from './open-examiner.ts'
import { openQueue, queueMetricsOf, type ServiceQueue } from './open-queue.ts'
import { openRegistrar } from './open-registrar.ts'
import { openTracer } from './open-tracer.ts'
import { History } from './page/history.ts'
import { statusPage } from './page/plugin.ts'
import type { Registrar } from './registration/registrar.ts'
import { whyNotReady } from './registration/status.ts'
import { createTestEvents } from './test-event.ts'
import { VERSION } from './version.ts'
import { toAll } from './webhook/exchange.ts'
import { health, isReady, type HealthChecks, type HealthWarnings } from './webhook/health.ts'
import { webhook } from './webhook/plugin.ts'
import { Rejections } from './webhook/rejections.ts'
import { WARNINGS, warningsOf } from './warnings.ts'

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
  const traffic = new Traffic()
  const meter = new PublishMeter()
  const history = new History(now)

  const tracer = await openTracer(config, {
    log,
    destination: () => ({ system: queue.name, name: config.QUEUE_NAME }),
    now,
  })
  const queue = await openQueue(config, log, { meter, drained: tracer.drained })
  const { registrar, ...registration } = await openRegistrar(config, {
    log,
    onFatal,
    webhookUrl: () => publicUrl() + config.WEBHOOK_PATH,
    now,
  })
  const examiner = openExaminer(config, { log, now })
  const { publicListener, adminListener, refused, endConnections } = createListeners(config, log)
  const documents = describeListeners(publicListener, adminListener, publicUrl)

  await publicListener.register(health, { checks, warnings: shownWarnings })
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
    observe: toAll(traffic.observe, tracer.observe, history.observe),
    trace: tracer.begin,
    now,
  })
  await adminListener.register(admin, {
    token: config.ADMIN_TOKEN,
    status,
    registration: registrar,
    sendTestEvent: createTestEvents({
      projectId: config.JELOU_PROJECT_ID,
      urls: {
        loopback: () => `${localUrl(config.HOST, publicPort())}${config.WEBHOOK_PATH}`,
        public: () => publicUrl() + config.WEBHOOK_PATH,
      },
      accepted: () => registrar.accepted(),
      now,
    }),
    stats: () => queue.stats(),
    rejected: (): readonly RejectedRequest[] => rejections.list(),
    metrics: createMetrics({
      projectId: config.JELOU_PROJECT_ID,
      version: VERSION,
      checks,
      warnings() {
        const current = warnings()
        return Object.fromEntries(WARNINGS.map(name => [name, name in current]))
      },
      traffic,
      events: () => events,
      refused: () => rejections.counts,
      refusedBefore: { public: refused.public.counts, private: refused.private.counts },
      queue: { ...queueMetricsOf(config, queue), meter },
      registration: { status: () => registrar.status(), lock: registration.lockFigures, now },
    }),
    deadLetters: queue.deadLetters,
    consumer: queue.consumer,
    documents,
  })
  await adminListener.register(statusPage, {
    token: config.ADMIN_TOKEN,
    history,
    status,
    rejected: () => rejections.list(),
    deadLetters: queue.deadLetters,
    now,
  })

  function checks(): HealthChecks {
    const state = queue.health()
    return {
      secret: registrar.accepted() ? 'ok' : whyNotReady(registrar.status()),
      queue: state.ok ? 'ok' : state.reason,
      draining: phase.draining ? 'shutting down' : 'ok',
    }
  }

  function warnings() {
    return warningsOf(queue.figures?.(), registrar.status(), examiner.found)
  }

  function shownWarnings(): HealthWarnings {
    return Object.fromEntries(Object.entries(warnings()).map(([name, { shown }]) => [name, shown]))
  }

  async function status(): Promise<StatusAnswer> {
    const { secretSince, ...registration } = registrar.status()
    const state = checks()
    return {
      status: isReady(state) ? 'ready' : 'not ready',
      checks: state,
      warnings: Object.fromEntries(Object.entries(warnings()).map(([name, { detail }]) => [name, detail])),
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
    return config.PUBLIC_URL.replace(/:0(?=\/|$)/, `:${publicPort()}`)
  }

  function publicPort(): number | undefined {
    return publicListener.addresses().map(address => (address as AddressInfo).port)[0]
  }

  return {
    public: publicListener,
    admin: adminListener,
    registrar,
    queue,
    async start() {
      await queue.connect()
      await registrar.open()
      const adminUrl = await listen(adminListener, config, ['ADMIN_HOST', 'ADMIN_PORT'])
      await listen(publicListener, config, ['HOST', 'PORT'])
      registrar.start()
      examiner.start()
      return { publicUrl: publicUrl(), adminUrl }
    },
    async drain() {
      phase.draining = true
      // Who keeps a connection is to take the next one elsewhere before this one is closed under a request.
      endConnections()
      // A create that begins now could be cut off by the end, and the secret in its answer be lost.
      registrar.rest()
      examiner.stop()
      await sleep(config.SHUTDOWN_DELAY)
      phase.refusing = true
      await publicListener.close()
      await adminListener.close()
      // At once, because each may wait for somebody who does not answer.
      await Promise.all([registration.stop(), queue.close()])
      await Promise.all([registration.close(), tracer.close(config.SHUTDOWN_TIMEOUT * 0.1)])
    },
  }
}

/** Listens where these variables say; resolves with the URL. Throws ListenError. */
async function listen(
  listener: FastifyInstance,
  config: Config,
  [host, port]: ['ADMIN_HOST', 'ADMIN_PORT'] | ['HOST', 'PORT'],
): Promise<string> {
  try {
    return await listener.listen({ host: config[host], port: config[port] })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ListenError(`${config[host]}:${config[port]} (${host}, ${port})`, code, { cause })
  }
}
