import type { IntegrationApi, JelouAnswer } from '../jelou/client.ts'
import type { Held } from '../state/lock.ts'
import type { Change } from './change.ts'
import type { Keeper } from './keeper.ts'
import type { Target } from './kept.ts'
import type { Log } from './log.ts'
import { adviceFor, type LostCause, type Outcome } from './outcome.ts'

/**
 * What one pass works with. `held` is the lock of the kept state; without it the pass may only look. `others`: the webhook URLs
 * of the replicas that are running. `change`: what somebody asked for, whatever is found. `signal` ends the
 * pass before its next change at Jelou; `graceWindow` in ms, `now` in ms since the epoch.
 */
export type Pass = {
  api: Omit<IntegrationApi, 'close'>
  keeper: Keeper
  held: Held | null
  others: readonly string[]
  change: Change | null
  target: Target
  secretLost: 'fail' | 'recreate'
  graceWindow: number
  now: () => number
  signal: AbortSignal
  log: Pick<Log, 'warn'>
}

export type NotOk = Exclude<JelouAnswer, { kind: 'ok' }>

/** Thrown by a pass without the lock when there is something to change. */
export const LOCK_NEEDED = new Error('The lock of the kept state is needed')

/** What is said of each reason to delete the integration. */
const DELETED: Record<LostCause | 'rotation' | 'unregister', string> = {
  unknown: 'Deleted the integration, to create it anew',
  interrupted: 'Deleted the integration, to create it anew',
  foreign: 'Deleted the integration, to create it anew',
  rotation: 'Deleted the integration, to create it anew',
  unregister: 'Deleted the integration on request',
}

/** To be called directly before what changes something. */
export function mayChange({ held, signal }: Pass): Held {
  if (held === null) throw LOCK_NEEDED
  signal.throwIfAborted()
  held.check()
  return held
}

/** Deletes the integration; null once it is gone. */
export async function remove(pass: Pass, cause: keyof typeof DELETED): Promise<NotOk | null> {
  mayChange(pass)
  const removed = await pass.api.remove()
  if (removed.kind !== 'ok' && !isGone(removed)) return removed
  // Said at once: the outcome does not tell of it when what follows fails.
  pass.log.warn({ cause }, DELETED[cause])
  return null
}

/**
 * Whether Jelou says that there is no integration. How it says so is not documented but for the status: what may be Jelou's
 * counts, and a web page does not. To believe one would replace, or take for deleted, an integration that is there.
 */
export function isGone(answer: JelouAnswer): boolean {
  return answer.kind === 'refused' && answer.status === 404 && answer.form !== 'page'
}

/** While a secret is kept, a no of Jelou is a problem to report, not the end. */
export function failed(answer: NotOk): Outcome {
  if (answer.kind === 'unavailable') return answer
  const { status, reason } = answer
  return { kind: 'refused', reason: status === 404 ? `${reason}. ${adviceFor(status)}` : reason }
}
