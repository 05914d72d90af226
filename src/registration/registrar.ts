import { backoff, pause } from '../jelou/backoff.ts'
import { StateUnavailableError } from '../errors.ts'
import { DEFAULT_LEASE, withLock } from '../state/lock.ts'
import type { Accepted } from './accepted.ts'
import { createAttempt } from './attempt.ts'
import { CHANGE_ERRORS, type Change } from './change.ts'
import { createHoldings } from './holdings.ts'
import { NOTHING_KEPT } from './kept.ts'
import { logOutcome } from './log.ts'
import { ALONE, createMembers } from './members.ts'
import type { RegistrarOptions } from './options.ts'
import { retryAfterOf, type Outcome, type Success } from './outcome.ts'
import { noReconciles, phaseAfter, type RegistrationStatus } from './status.ts'

/** Owns the integration at Jelou: makes it what is configured, keeps its secret, and says what verifies an event now. */
export interface Registrar {
  /**
   * Loads what is kept; with a kept or configured secret events are accepted from then on. A state that is away is tried again
   * by the passes; one that must be put right first throws its error.
   */
  open(): Promise<void>
  /** Begins reconciling in the background, now and then every interval. For after the server listens; idempotent. */
  start(): void
  /** For every request, so cheap. Null while no secret is held, or the secret is lost. */
  accepted(): Accepted | null
  /**
   * For a request that what is accepted does not verify: learns what other replicas changed meanwhile, and waits some seconds
   * for a change that is under way. Whether to verify it again. At most one read a second, however many ask. Throws
   * OverloadedError when too many wait already.
   */
  refreshed(): Promise<boolean>
  status(): RegistrationStatus
  /** One pass now, after the one under way. */
  reconcile(): Promise<Outcome>
  /** One pass now, which registers again what was unregistered. Throws RegisterRefusedError, RegisterUnfinishedError. */
  register(): Promise<Success['kind']>
  /**
   * Deletes the integration and makes it anew, for a new secret; the old one verifies for `graceWindow`. Throws
   * RotationRefusedError, and RotationUnfinishedError when that may be tried again.
   */
  rotate(): Promise<Success['kind']>
  /**
   * Deletes the integration until somebody asks to register; its secret verifies for `graceWindow`. Throws
   * UnregisterRefusedError, and UnregisterUnfinishedError when it goes on by itself.
   */
  unregister(): Promise<Success['kind']>
  /** Begins nothing more at Jelou, whose answer might come too late. What others change is still learned. Idempotent. */
  rest(): void
  /** Rests, and waits for the call under way; nothing is written after it resolves. Idempotent. */
  stop(): Promise<void>
}

const LONGEST_TIMER = 2 ** 31 - 1
/** How often a shared state is read, in ms. */
const POLL = 2000
/** What another try may mend, while the state was never read: any other error ends the start. */
const PASSING = new Set(['ERR_STATE_UNAVAILABLE', 'ERR_STATE_FENCED'])

export function createRegistrar(options: RegistrarOptions): Registrar {
  const { backend, desired, staticSecrets = [], interval, log, onFatal } = options
  const { now = Date.now, random = Math.random, sleep = pause, lease = DEFAULT_LEASE } = options
  const isStatic = staticSecrets.length > 0
  const api = isStatic ? null : options.api
  const shared = options.shared === true && !isStatic
  const members = shared ? createMembers(backend, () => desired.webhookUrl) : ALONE
  const stopping = new AbortController()
  const resting = new AbortController()
  const rest = () => resting.abort(new Error('the service is stopping'))
  const settled = { ...options, api, shared, staticSecrets, lease, now, sleep }

  const reconciles = noReconciles()
  let phase: RegistrationStatus['phase'] = isStatic ? 'static' : 'starting'
  let lastReconciledAt: number | null = null
  let last: Outcome | undefined
  let repeats = 0
  let failures = 0
  let isBooting = true
  let fatal: Error | undefined
  let passes: Promise<unknown> = Promise.resolve()
  let isUnderWay = false
  let alarm = new AbortController()
  let running: Promise<unknown> | undefined
  let polling: Promise<void> | undefined
  let stopped: Promise<void> | undefined

  const holdings = createHoldings({
    ...settled,
    signal: stopping.signal,
    isLost: () => phase === 'secret_lost',
    onSecret() {
      phase = keeper.kept().unregistered === undefined ? 'registered' : 'unregistered'
    },
  })
  const { keeper } = holdings
  const attempt = createAttempt({ ...settled, signal: resting.signal, holdings, members })

  function record(outcome: Outcome): void {
    const isProblem = 'reason' in outcome
    repeats = outcome.kind === last?.kind ? repeats + 1 : 1
    failures = isProblem ? failures + 1 : 0
    reconciles[outcome.kind] += 1
    last = outcome
    if (!isProblem && outcome.kind !== 'unregistered') lastReconciledAt = now()
    phase = phaseAfter(outcome, phase, holdings.accepted() !== null)
    holdings.update()
    logOutcome(log, outcome, repeats)
    if ('error' in outcome && (outcome.kind === 'rejected' || (isBooting && !outcome.foreign)))
      end(outcome.error)
    if (outcome.kind === 'failed' && !holdings.isPrepared() && isFinal(outcome.cause)) end(outcome.cause)
    isBooting &&= outcome.kind === 'unavailable' || outcome.kind === 'failed'
  }

  function end(error: Error): void {
    if (fatal === undefined) onFatal(error)
    fatal = error
  }

  async function pass(change: Change | null): Promise<Outcome> {
    isUnderWay = true
    const outcome = await attempt(change)
    isUnderWay = false
    const isOver = resting.signal.aborted && outcome.kind === 'failed'
    const isNothing = isStatic && outcome.kind === 'unchanged' && last === undefined
    if (!isOver && !isNothing) record(outcome)
    return outcome
  }

  function reconcileNext(change: Change | null = null): Promise<Outcome> {
    const next = passes.then(() => pass(change))
    passes = next
    return next
  }

  async function request(change: Change): Promise<Success['kind']> {
    const { refused: Refused, unfinished: Unfinished } = CHANGE_ERRORS[change]
    if (api === null) throw new Refused('JELOU_SIGNING_SECRET is configured: nothing is registered')
    const outcome = await reconcileNext(change)
    if (!('reason' in outcome)) return outcome.kind
    const { rotating, unregistered } = keeper.kept()
    const mayGoOn = outcome.kind === 'unavailable' || outcome.kind === 'failed'
    if (mayGoOn || (rotating ?? unregistered) !== undefined) wake(retryAfterOf(outcome))
    throw new (mayGoOn ? Unfinished : Refused)(outcome.reason)
  }

  /** In ms; 0 when nothing is left to do. */
  function delayAfter(outcome: Outcome): number {
    if (fatal !== undefined) return 0
    if ('reason' in outcome) return backoff(failures, { retryAfter: retryAfterOf(outcome), random })
    return isStatic ? 0 : Math.min(interval * (0.9 + 0.2 * random()), LONGEST_TIMER)
  }

  async function run(delay = 0): Promise<void> {
    const ending = AbortSignal.any([resting.signal, alarm.signal])
    while (delay === 0 || (await sleep(delay, ending))) {
      delay = delayAfter(await reconcileNext())
      if (delay === 0) return
    }
  }

  /** Ends the present sleep, if there is one, and reconciles after the delay. */
  function wake(delay = 0): void {
    alarm.abort()
    alarm = new AbortController()
    running &&= running.then(() => run(delay))
  }

  async function poll(): Promise<void> {
    while (await sleep(POLL * (0.75 + 0.5 * random()), stopping.signal)) {
      await Promise.allSettled([members.announce(), holdings.load()])
      if (isOverdue()) wake()
    }
  }

  /** Whether the state shows something to do before the next pass would come. */
  function isOverdue(): boolean {
    if (isUnderWay || last === undefined || fatal !== undefined) return false
    const { integration } = keeper.kept()
    if (last.kind === 'failed' && last.cause instanceof StateUnavailableError)
      return holdings.lastError() === null
    if (last.kind === 'conflict') return !members.urls().some(url => url === integration?.webhookUrl)
    const since = keeper.changingSince()
    const isAbandoned = since !== null && now() - since > lease
    return !('reason' in last) && (isAbandoned || !keeper.isSaved())
  }

  /** An answer of Jelou that could not be kept is lost with this process. The lock may be this one's own, not given back. */
  async function saveAtLast(): Promise<void> {
    if (keeper.isSaved()) return
    await withLock(backend, { lease, wait: lease }, async held => {
      await keeper.load()
      await keeper.flush(held)
    })
  }

  return {
    async open() {
      await holdings.prepare().catch((error: unknown) => {
        if (isFinal(error)) throw error
      })
    },
    start() {
      running ??= run()
      if (shared) polling ??= poll()
    },
    accepted: () => holdings.accepted(),
    refreshed: () => holdings.refreshed(),
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
        state: { shared, replicas: Math.max(1, members.urls().length), lastError: holdings.lastError() },
        ...(integration?.id !== undefined && { integrationId: integration.id }),
      }
    },
    reconcile: () => reconcileNext(),
    register: () => request('register'),
    rotate: () => request('rotate'),
    unregister: () => request('unregister'),
    rest,
    stop() {
      rest()
      stopping.abort()
      stopped ??= Promise.all([running, polling, passes])
        .then(saveAtLast)
        .catch((error: unknown) =>
          log.error({ reason: String(error) }, 'A new signing secret could not be kept and is lost'),
        )
        .then(() => members.withdraw())
        // What is not taken back runs out.
        .catch(() => {})
      return stopped
    },
  }
}

function isFinal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && !PASSING.has(String(error.code))
}
