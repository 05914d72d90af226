import { QueueFullError, QueueRefusedError } from '../errors.ts'
import { backoff, type Pauses } from './backoff.ts'
import type { DriverLog, QueueDriver } from './types.ts'

/** Failures in a row after which the queue counts as away. */
const MAX_FAILURES = 5

export type BreakerOptions = {
  driver: Pick<QueueDriver, 'name' | 'health'>
  pauses: Pauses
  log: DriverLog
  now: () => number
  random: () => number
}

/** `closed`: events go to the queue. `open`: it is away. `half-open`: the pause is over, one event at a time may try it. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/**
 * Whether the queue is worth trying: after repeated failures, or one that leaves no doubt, nothing waits for it until
 * one event has found it back. Says in the log when that changes, not each time it is confirmed.
 */
export class Breaker {
  readonly #options: BreakerOptions
  #state: BreakerState = 'closed'
  #failures = 0
  #trips = 0
  #probing = false
  #code: unknown
  #reason: string | null = null
  #since: number | null = null

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Why the last try failed; null while events go to the queue. */
  get reason(): string | null {
    return this.#reason
  }

  /** Since when the queue is away, in ms since the epoch; null while it is not. */
  get since(): number | null {
    return this.#since
  }

  /** Whether an event may be sent to the queue now. Its outcome must be told by {@link succeeded} or {@link failed}. */
  admits(): boolean {
    if (this.#state !== 'half-open') return this.#state === 'closed'
    if (this.#probing) return false
    this.#probing = true
    return true
  }

  succeeded(): void {
    const { driver, log } = this.#options
    this.#failures = 0
    if (this.#state === 'closed') return
    log.info({ queue: driver.name }, 'the queue takes events again')
    this.#state = 'closed'
    this.#trips = 0
    this.#probing = false
    this.#code = undefined
    this.#reason = null
    this.#since = null
  }

  failed(error: unknown): void {
    this.#failures++
    const isOver = this.#failures >= MAX_FAILURES || this.#state === 'half-open' || this.#isDefinite(error)
    if (isOver && this.#state !== 'open') this.#open(error)
  }

  /** Nothing was learnt by the event that was admitted: another may try. */
  undecided(): void {
    this.#probing = false
  }

  /** Opens it whatever happened before. */
  trip(error: unknown): void {
    if (this.#state !== 'open') this.#open(error)
  }

  /** Whether an event that was admitted is trying now. */
  get probing(): boolean {
    return this.#probing
  }

  /** The pause is over. The caller is admitted, and nobody else until it tells what it has learnt. */
  retry(): void {
    this.#state = 'half-open'
    this.#probing = true
  }

  /** How long to wait before the next try, in ms. */
  get pause(): number {
    const { pauses, random } = this.#options
    return backoff(this.#trips - 1, pauses, random)
  }

  #isDefinite(error: unknown): boolean {
    return (
      error instanceof QueueRefusedError ||
      error instanceof QueueFullError ||
      !this.#options.driver.health().ok
    )
  }

  #open(error: unknown): void {
    const { driver, log, now } = this.#options
    const reason = reasonOf(error)
    this.#state = 'open'
    this.#probing = false
    this.#trips = error instanceof QueueRefusedError ? 32 : this.#trips + 1
    this.#reason = reason
    this.#since ??= now()
    const code = codeOf(error)
    if (code === this.#code) return
    this.#code = code
    const fields = { queue: driver.name, reason }
    if (error instanceof QueueRefusedError)
      log.error(fields, 'the queue must be put right: until then events are kept on this machine')
    else log.warn(fields, 'the queue is away: events are kept on this machine until it is back')
  }
}

/** What may be shown of an error: only ours are known to hold no secret. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return /^ERR_(QUEUE|MESSAGE)_/.test(codeOf(error))
    ? error.message
    : `unexpected ${error.name} ${codeOf(error)}`.trimEnd()
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
