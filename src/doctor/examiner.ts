import { runChecks, type Check, type CheckResult } from './run-checks.ts'

/** The part of the logger that is used. */
type Log = Record<'info' | 'warn', (fields: object, message: string) => void>

/**
 * `interval` is between two examinations, `first` before the first of them, 0 as `interval` is never; `timeout` is the most
 * that one check may take. All in ms.
 */
export type ExaminerOptions = {
  checks: readonly Check[]
  interval: number
  first?: number
  timeout?: number
  log: Log
}

/** What stands before the service needs a while to see that it is there. */
const FIRST = 60_000
const TIMEOUT = 15_000
/** A longer one would be over at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Looks again and again, while the service runs, at what may go wrong around it: a clock, a disk, an address. Each change is
 * in the log once.
 */
export class Examiner {
  readonly #options: ExaminerOptions
  #timer: NodeJS.Timeout | undefined
  #results: readonly CheckResult[] = []

  constructor(options: ExaminerOptions) {
    this.#options = options
  }

  /** What the last examination found that is to be seen to. */
  get found(): readonly CheckResult[] {
    return this.#results.filter(isFound)
  }

  start(): void {
    const { interval, first = FIRST } = this.#options
    if (interval > 0) this.#later(Math.min(interval, first))
  }

  /** Begins no other examination; what is under way is not waited for. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** One examination now. Never rejects. */
  async examine(): Promise<void> {
    const { checks, timeout = TIMEOUT } = this.#options
    const before = new Map(this.#results.map(result => [result.name, result]))
    this.#results = await runChecks(checks, { timeout, onDone: () => {} })
    for (const result of this.#results) this.#report(result, before.get(result.name))
  }

  #later(delay: number): void {
    const timer = setTimeout(() => void this.#next(timer), Math.min(delay, LONGEST_TIMER))
    this.#timer = timer
  }

  async #next(timer: NodeJS.Timeout): Promise<void> {
    await this.examine()
    if (this.#timer === timer) this.#later(this.#options.interval)
  }

  #report(result: CheckResult, before: CheckResult | undefined): void {
    const { log } = this.#options
    const { name: check, detail, advice } = result
    const was = before !== undefined && isFound(before)
    if (isFound(result) && !was)
      log.warn({ check, detail, advice }, 'something around the service is not right')
    if (!isFound(result) && was)
      log.info({ check, detail }, 'what was not right around the service is right again')
  }
}

function isFound({ status }: CheckResult): boolean {
  return status === 'wrong' || status === 'warning'
}
