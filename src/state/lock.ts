import { setTimeout } from 'node:timers/promises'
import { StateFencedError } from '../errors.ts'
import type { StateBackend, StateLock } from './types.ts'

/** A lease that outlives a slow call to Jelou, and delays nobody for long after a crash; in ms. */
export const DEFAULT_LEASE = 15_000

/** How long to wait at most before asking for the lock again, in ms. */
const STEP = 1000

/**
 * `lease` in ms. `wait`: how long to wait for the lock at most, in ms; for ever when it is left out, 0 asks once.
 * `signal` ends the waiting and nothing else. `now` is a monotonic clock in ms, which goes on while the process is stopped.
 * `sleep` resolves with false as soon as the signal ends it. `random` is in [0, 1).
 */
export type LockOptions = {
  lease?: number
  wait?: number
  signal?: AbortSignal
  now?: () => number
  sleep?: (delay: number, signal?: AbortSignal) => Promise<boolean>
  random?: () => number
}

/** The lock, for as long as the action runs. */
export type Held = {
  /** For StateBackend.write and Store.save. */
  readonly fence: number
  /** Aborts with StateFencedError once the lock is lost, or may be lost. */
  readonly signal: AbortSignal
  /** Throws StateFencedError when the lock may be lost. To be called directly before what no fence protects. */
  readonly check: () => void
}

/**
 * Runs the action while it holds the project's lock, renewed in the background, and gives the lock back afterwards.
 * Throws what the action throws, the signal's reason when that ended the waiting, StateFencedError when `wait` was over,
 * and the backend's errors.
 */
export async function withLock<T>(
  backend: Pick<StateBackend, 'acquire' | 'location'>,
  options: LockOptions,
  action: (held: Held) => Promise<T>,
): Promise<T> {
  const { lease = DEFAULT_LEASE, now = () => performance.now(), sleep = pause } = options
  const { lock, since } = await waitForLock(backend, { ...options, lease, now, sleep })
  const lost = new AbortController()
  const ended = new AbortController()
  let until = since + lease

  function lose(): void {
    lost.abort(new StateFencedError(backend.location))
  }

  async function renew(): Promise<void> {
    while (await sleep(lease / 3, ended.signal)) {
      const asked = now()
      // What could not be asked is asked again, until the lease may have run out.
      const renewed = await lock.renew(lease).catch(() => null)
      if (renewed === false) return lose()
      if (renewed === true) until = asked + lease
    }
  }

  async function watch(): Promise<void> {
    while (await sleep(until - now(), ended.signal)) if (now() >= until) return lose()
  }

  const background = Promise.all([renew(), watch()])
  try {
    return await action({
      fence: lock.fence,
      signal: lost.signal,
      check() {
        if (now() >= until) lose()
        lost.signal.throwIfAborted()
      },
    })
  } finally {
    ended.abort()
    await background
    // What is not given back runs out.
    await lock.release().catch(() => {})
  }
}

async function waitForLock(
  { acquire, location }: Pick<StateBackend, 'acquire' | 'location'>,
  {
    lease,
    wait = Infinity,
    signal,
    now,
    sleep,
    random = Math.random,
  }: LockOptions & Required<Pick<LockOptions, 'lease' | 'now' | 'sleep'>>,
): Promise<{ lock: StateLock; since: number }> {
  const deadline = now() + wait
  for (;;) {
    signal?.throwIfAborted()
    const since = now()
    const lock = await acquire(lease)
    if (lock !== null) return { lock, since }
    const left = deadline - now()
    if (left <= 0) throw new StateFencedError(location)
    await sleep(Math.min(left, STEP * (0.5 + random() / 2)), signal)
  }
}

function pause(delay: number, signal?: AbortSignal): Promise<boolean> {
  return setTimeout(delay, true, signal && { signal }).catch(() => false)
}
