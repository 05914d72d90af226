import { backoff, pause } from '../jelou/backoff.ts'
import type { IntegrationApi } from '../jelou/client.ts'
import type { AuthType } from '../jelou/schemas.ts'
import { acceptedOfKept, acceptedOfSecrets, type Accepted, type AcceptedUntil } from './accepted.ts'
import { desiredCredential, generateToken, needsToken, type Credential } from './credential.ts'
import { createKeeper } from './keeper.ts'
import { NOTHING_KEPT } from './kept.ts'
import type { LockedStore } from './locked-store.ts'
import { logOutcome, type Log } from './log.ts'
import type { Outcome } from './outcome.ts'
import { reconcile, type Pass } from './reconcile.ts'
import { noReconciles, phaseAfter, type RegistrationStatus } from './status.ts'

/**
 * `api` null with `staticSecrets`, which are used instead of registering. Without `desired.authorization` a credential is made
 * once and kept. `interval` (ms, 0 is off) is between passes, `graceWindow` (ms) how long a replaced secret still verifies.
 * `onFatal` is called, at most once, when the process cannot go on. `now` is in ms since the epoch, `random` in [0, 1);
 * `sleep` resolves with false as soon as the signal ends it.
 */
export type RegistrarOptions = {
  api: Omit<IntegrationApi, 'close'> | null
  store: Pick<LockedStore, 'load' | 'save'>
  desired: { projectId: string; webhookUrl: string; authType: AuthType; authorization?: string }
  staticSecrets?: readonly string[]
  secretLost: 'fail' | 'recreate'
  interval: number
  graceWindow: number
  log: Log
  onFatal: (error: Error) => void
  now?: () => number
  random?: () => number
  sleep?: (delay: number, signal: AbortSignal) => Promise<boolean>
}

/** Owns the integration at Jelou: makes it what is configured, keeps its secret, and says what verifies an event now. */
export interface Registrar {
  /** Loads what is kept; with a kept or configured secret events are accepted from then on. Throws the state's errors. */
  open(): Promise<void>
  /** Begins reconciling in the background, now and then every interval. For after the server listens; idempotent. */
  start(): void
  /** For every request, so cheap. Null while no secret is held, or the secret is lost. */
  accepted(): Accepted | null
  status(): RegistrationStatus
  /** One pass now, after the one under way. */
  reconcile(): Promise<Outcome>
  /** Waits for the call under way, begins no other; nothing is written after it resolves. Idempotent. */
  stop(): Promise<void>
}

const LONGEST_TIMER = 2 ** 31 - 1

export function createRegistrar(options: RegistrarOptions): Registrar {
  const { desired, staticSecrets = [], secretLost, interval, graceWindow, log, onFatal } = options
  const { now = Date.now, random = Math.random, sleep = pause } = options
  const isStatic = staticSecrets.length > 0
  const api = isStatic ? null : options.api
  const keeper = createKeeper(options.store)
  const stopping = new AbortController()
  const { signal } = stopping

  const reconciles = noReconciles()
  let phase: RegistrationStatus['phase'] = 'starting'
  let lastReconciledAt: number | null = null
  let last: Outcome | undefined
  let repeats = 0
  let failures = 0
  let isBooting = true
  let fatal: Error | undefined
  let current: AcceptedUntil = { accepted: null, until: Infinity }
  let passes: Promise<unknown> = Promise.resolve()
  let running: Promise<void> | undefined
  let stopped: Promise<void> | undefined

  function credential(): Credential {
    return desiredCredential(desired, keeper.kept().token)
  }

  function refresh(): void {
    if (isStatic) current = acceptedOfSecrets(staticSecrets, credential())
    else if (phase === 'secret_lost') current = { accepted: null, until: Infinity }
    // A first secret is not used before it is kept: a crash would lose it with everything that relied on it.
    else if (keeper.isSaved() || current.accepted !== null)
      current = acceptedOfKept(keeper.kept(), credential(), now())
  }

  async function attempt(api: Pass['api']): Promise<Outcome> {
    try {
      signal.throwIfAborted()
      await keeper.flush()
      const { projectId, webhookUrl } = desired
      const target = { projectId, webhookUrl, ...credential() }
      return await reconcile({ api, keeper, target, secretLost, graceWindow, now, signal, log })
    } catch (cause) {
      return { kind: 'failed', reason: String(cause), cause }
    }
  }

  function record(outcome: Outcome): void {
    const isProblem = 'reason' in outcome
    repeats = outcome.kind === last?.kind ? repeats + 1 : 1
    failures = isProblem ? failures + 1 : 0
    reconciles[outcome.kind] += 1
    last = outcome
    if (!isProblem) lastReconciledAt = now()
    phase = phaseAfter(outcome, phase, current.accepted !== null)
    refresh()
    logOutcome(log, outcome, repeats)
    if ('error' in outcome && (outcome.kind === 'rejected' || (isBooting && !outcome.foreign)))
      end(outcome.error)
    isBooting &&= outcome.kind === 'unavailable' || outcome.kind === 'failed'
  }

  function end(error: Error): void {
    if (fatal === undefined) onFatal(error)
    fatal = error
  }

  async function pass(): Promise<Outcome> {
    if (api === null) return { kind: 'unchanged' }
    const outcome = await attempt(api)
    if (!(signal.aborted && outcome.kind === 'failed')) record(outcome)
    return outcome
  }

  function reconcileNext(): Promise<Outcome> {
    const next = passes.then(pass)
    passes = next
    return next
  }

  /** In ms; 0 when nothing is left to do. */
  function delayAfter(outcome: Outcome): number {
    if (fatal !== undefined) return 0
    if (!('reason' in outcome)) return Math.min(interval * (0.9 + 0.2 * random()), LONGEST_TIMER)
    const retryAfter = 'retryAfter' in outcome ? outcome.retryAfter : undefined
    return backoff(failures, { retryAfter, random })
  }

  async function run(): Promise<void> {
    let delay = 0
    do delay = delayAfter(await reconcileNext())
    while (delay > 0 && (await sleep(delay, signal)))
  }

  return {
    async open() {
      await keeper.load()
      if (needsToken(desired) && keeper.kept().token === undefined) {
        await keeper.save({ ...keeper.kept(), token: generateToken() })
      }
      if (isStatic) phase = 'static'
      else if (keeper.kept().integration !== undefined) phase = 'registered'
      refresh()
    },
    start() {
      running ??= api === null ? Promise.resolve() : run()
    },
    accepted() {
      if (now() >= current.until) refresh()
      return current.accepted
    },
    status() {
      const { integration, previousSecrets } = isStatic ? NOTHING_KEPT : keeper.kept()
      return {
        phase,
        webhookUrl: desired.webhookUrl,
        authType: desired.authType,
        secretSince: integration?.since ?? null,
        previousSecrets: previousSecrets.filter(({ until }) => until > now()).length,
        lastReconciledAt,
        lastOutcome: last?.kind ?? null,
        lastError: last !== undefined && 'reason' in last ? last.reason : null,
        reconciles: { ...reconciles },
        ...(integration?.id !== undefined && { integrationId: integration.id }),
      }
    },
    reconcile: reconcileNext,
    stop() {
      stopping.abort(new Error('the service is stopping'))
      stopped ??= Promise.all([running, passes])
        .then(() => keeper.flush())
        .catch((error: unknown) =>
          log.error({ reason: String(error) }, 'A new signing secret could not be kept and is lost'),
        )
      return stopped
    },
  }
}
