import { isDeepStrictEqual } from 'node:util'
import { OverloadedError } from '../errors.ts'
import { withLock } from '../state/lock.ts'
import { acceptedOfKept, acceptedOfSecrets, type Accepted, type AcceptedUntil } from './accepted.ts'
import { desiredCredential, generateToken, needsToken, type Credential } from './credential.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import type { RegistrarOptions } from './options.ts'
import { throttle } from './throttle.ts'

/** How often the state may be read for requests that cannot be verified, in ms, and how many reads one request waits for. */
const REFRESH = 1000
const REFRESHES = 5
/** A change that takes longer has failed, or its maker has died: no request waits for it, in ms. */
const LONGEST_CHANGE = 30_000
/** How many requests may wait at once: anybody can send one that waits, and each holds a connection and memory. */
const MOST_WAITING = 1000

/** What this replica holds: the kept state as it last read or wrote it, and what verifies an event by it. */
export interface Holdings {
  readonly keeper: Keeper
  /** Reads the state the first time, and makes the credential that is generated once. Throws the state's errors. */
  prepare(): Promise<void>
  isPrepared(): boolean
  /** Reads the state again. Throws its errors; what is held stays then. */
  load(): Promise<void>
  /** What was wrong the last time the state was read. */
  lastError(): string | null
  /** The credential to register. */
  credential(): Credential
  accepted(): Accepted | null
  /** Brings what is accepted up to date with what is kept. */
  update(): void
  /** See Registrar. */
  refreshed(): Promise<boolean>
}

/** `isLost`: Jelou signs with a secret that is not kept. `onSecret`: the state has another current secret than before. */
export function createHoldings(
  options: Required<
    Pick<RegistrarOptions, 'store' | 'backend' | 'desired' | 'lease' | 'log' | 'now' | 'sleep'>
  > & {
    staticSecrets: readonly string[]
    shared: boolean
    signal: AbortSignal
    isLost: () => boolean
    onSecret: () => void
  },
): Holdings {
  const { store, backend, desired, staticSecrets, shared, lease, log, now, sleep, signal } = options
  const isStatic = staticSecrets.length > 0
  const keeper = createKeeper(store, now)
  let isPrepared = false
  let lastError: string | null = null
  let current: AcceptedUntil = { accepted: null, until: Infinity }
  /** What `current` was made of. */
  let seen = keeper.kept()
  let waiting = 0
  const refresh = throttle(follow, { gap: REFRESH, sleep: delay => sleep(delay, signal) })

  function credential(): Credential {
    return desiredCredential(desired, keeper.kept().token)
  }

  function update(): void {
    if (!isPrepared) return
    seen = keeper.kept()
    const { accepted, until } = acceptable()
    // The same object for the same content, by which others tell whether something changed.
    current = { accepted: isDeepStrictEqual(accepted, current.accepted) ? current.accepted : accepted, until }
  }

  /** A new secret counts from the moment that Jelou told it, because events may be signed with it by then. */
  function acceptedNow(): Accepted | null {
    if (now() >= current.until || keeper.kept() !== seen) update()
    return current.accepted
  }

  function acceptable(): AcceptedUntil {
    if (isStatic) return acceptedOfSecrets(staticSecrets, credential())
    if (options.isLost()) return { accepted: null, until: Infinity }
    // A first secret is not used before it is kept: a crash would lose it with everything that relied on it.
    if (!keeper.isSaved() && current.accepted === null) return current
    return acceptedOfKept(keeper.kept(), credential(), now())
  }

  async function load(): Promise<void> {
    const before = keeper.kept()
    try {
      await keeper.load()
    } catch (error) {
      if (lastError === null)
        log.warn({ reason: String(error) }, 'The kept state cannot be read: trying again')
      lastError = String(error)
      throw error
    }
    if (lastError !== null) log.info({}, 'The kept state can be read again')
    lastError = null
    if (keeper.kept() === before) return
    if (!isStatic && keeper.kept().integration?.secret !== before.integration?.secret) options.onSecret()
    update()
  }

  /** Nothing changes elsewhere where the state is not shared, so that a stranger cannot make us read a disk. */
  async function follow(): Promise<void> {
    if (shared) await load().catch(() => {})
  }

  /** By this replica or another, as far as it is known. */
  function isChanging(): boolean {
    const since = keeper.changingSince()
    return !isStatic && since !== null && now() - since < LONGEST_CHANGE
  }

  return {
    keeper,
    async prepare() {
      if (isPrepared) return
      if (!isStatic || needsToken(desired)) await load()
      const hasToken = () => !needsToken(desired) || keeper.kept().token !== undefined
      if (!hasToken()) {
        await withLock(backend, { lease, signal }, async held => {
          await load()
          if (!hasToken()) await keeper.save({ ...keeper.kept(), token: generateToken() }, held)
        })
      }
      isPrepared = true
      update()
    },
    isPrepared: () => isPrepared,
    load,
    lastError: () => lastError,
    credential,
    accepted: acceptedNow,
    update,
    async refreshed() {
      const before = current.accepted
      if (!shared && !isChanging()) return false
      if (waiting >= MOST_WAITING) throw new OverloadedError()
      waiting += 1
      try {
        for (let reads = 0; reads === 0 || (reads < REFRESHES && isChanging()); reads++) await refresh()
      } finally {
        waiting -= 1
      }
      return acceptedNow() !== before
    },
  }
}
