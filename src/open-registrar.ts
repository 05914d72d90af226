import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { openIntegrationApi } from './open-api.ts'
import { openConfiguredState } from './open-state.ts'
import { keptSchema } from './registration/kept.ts'
import { createRegistrar, type Registrar } from './registration/registrar.ts'
import { createSeal } from './state/seal.ts'
import { createStore } from './state/store.ts'
import { watchLock, type LockFigures } from './state/watched-lock.ts'

export type OpenRegistrarOptions = {
  log: FastifyBaseLogger
  onFatal: (error: Error) => void
  /** What to register, asked when it is registered. */
  webhookUrl: () => string
  now: () => number
}

/** Who owns the integration, over the kept state that is configured. */
export type OpenRegistrar = {
  registrar: Registrar
  lockFigures: () => LockFigures
  /** Stops the registrar; the state can still be used. */
  stop: () => Promise<void>
  /** Closes the state. */
  close: () => Promise<void>
}

/** The registration as it is configured, not started yet. Throws the state's errors when the kept state cannot be opened. */
export async function openRegistrar(
  config: Config,
  { log, onFatal, webhookUrl, now }: OpenRegistrarOptions,
): Promise<OpenRegistrar> {
  const backend = watchLock(await openConfiguredState(config, log))
  const seal = createSeal({
    keys: config.STATE_ENCRYPTION_KEY ?? [],
    projectId: config.JELOU_PROJECT_ID,
    location: backend.location,
  })
  const store = createStore({ backend, seal, schema: keptSchema })
  const api = openIntegrationApi(config)
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
        return webhookUrl()
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
  return {
    registrar,
    lockFigures: backend.lockFigures,
    async stop() {
      await registrar.stop()
      await api?.close()
    },
    close: () => store.close(),
  }
}
