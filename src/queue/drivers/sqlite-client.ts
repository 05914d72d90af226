import { Worker } from 'node:worker_threads'
import type { BaseLogger } from 'pino'
import {
  callError,
  failureOf,
  openError,
  type Answer,
  type Command,
  type Failure,
  type Reply,
  type Request,
  type Results,
  type WorkerOptions,
} from './sqlite-protocol.ts'

export type Log = Pick<BaseLogger, 'info' | 'warn'>

export type ClientOptions = {
  workerUrl: URL
  workerOptions: WorkerOptions
  log: Log
  /** How long to wait for an answer, in ms. */
  timeout: number
  /** The first pause before a dead worker is started again, in ms; it doubles up to 10 s. */
  restartDelay: number
}

const MAX_RESTART_DELAY = 10_000
/** Each event that is read is a buffer of its own: collected early, they do not pile up. */
const YOUNG_MB = 6
const CLOSED: Failure = { kind: 'unavailable', reason: 'it is closed' }

/** Each call's `resolve` takes what its kind is answered with; the id ties the two together. */
type Call = { resolve: (value: never) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }
type CallOptions = { transfer?: ArrayBuffer[]; timeout?: number; signal?: AbortSignal | undefined }

/**
 * The main thread's end of the worker. When the worker ends, every call that waits for it is rejected, because nobody
 * knows what became of it, and the worker is started again until {@link SqliteClient.close}.
 */
export class SqliteClient {
  readonly #options: ClientOptions
  readonly #calls = new Map<number, Call>()
  #lastId = 0
  /** The worker that runs, and the same once it has opened the queue. */
  #worker: Worker | undefined
  #open: Worker | undefined
  #exited: Promise<void> | undefined
  #keepAlive = false
  #isClosing = false
  #restart: NodeJS.Timeout | undefined
  #restartDelay: number
  #down = CLOSED
  #stalled: Failure | undefined
  #refusing: Failure | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    this.#restartDelay = options.restartDelay
  }

  /** Why no event can be taken now; undefined when one can. */
  get failure(): Failure | undefined {
    return this.#open === undefined ? this.#down : (this.#stalled ?? this.#refusing)
  }

  /** Starts the worker. Throws QueueLockedError, QueueCorruptError, QueueFullError or QueueUnavailableError. */
  open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#isClosing = false
    this.#start(resolve, failure => reject(openError(failure, this.#options.workerOptions.file)))
    return promise
  }

  /**
   * Asks the worker. Throws QueueFullError or QueueUnavailableError, the latter also when there is no answer in time.
   * The signal asks the worker to answer a `receive` at once.
   */
  call<Kind extends Request['kind']>(
    request: Extract<Request, { kind: Kind }>,
    { transfer = [], timeout = this.#options.timeout, signal }: CallOptions = {},
  ): Promise<Results[Kind]> {
    const { promise, resolve, reject } = Promise.withResolvers<Results[Kind]>()
    const worker = this.#open
    if (worker === undefined) {
      reject(callError(this.#down))
      return promise
    }
    const id = ++this.#lastId
    const timer = setTimeout(() => this.#giveUp(id, timeout), timeout)
    this.#calls.set(id, { resolve, reject, timer })
    const cancel = () => worker.postMessage({ kind: 'cancel', id } satisfies Command)
    signal?.addEventListener('abort', cancel)
    worker.postMessage({ ...request, id } satisfies Command, transfer)
    return signal === undefined ? promise : promise.finally(() => signal.removeEventListener('abort', cancel))
  }

  /** Tells the worker something that has no answer; lost while there is none. */
  tell(command: Extract<Command, { kind: 'remember' }>, transfer: ArrayBuffer[]): void {
    this.#open?.postMessage(command, transfer)
  }

  /** Lets the worker finish what it was given, and ends it; by force if it takes longer than a call may. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#keepAlive = false
    this.#open = undefined
    this.#down = CLOSED
    clearTimeout(this.#restart)
    const worker = this.#worker
    worker?.postMessage({ kind: 'close' } satisfies Command)
    const timer = setTimeout(() => void worker?.terminate(), this.#options.timeout)
    await this.#exited
    clearTimeout(timer)
  }

  #start(opened: () => void, ended: (failure: Failure) => void): void {
    const worker = new Worker(this.#options.workerUrl, {
      name: 'sqlite-queue',
      workerData: this.#options.workerOptions,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    let failure: Failure = { kind: 'unavailable', reason: 'its worker has ended' }
    this.#worker = worker
    worker.on('message', (reply: Reply<never>) => {
      switch (reply.kind) {
        case 'opened':
          // It has been told to end meanwhile, and must not be started again when it does.
          if (this.#isClosing) return
          this.#keepAlive = true
          this.#open = worker
          return opened()
        case 'answers':
          this.#restartDelay = this.#options.restartDelay
          this.#stalled = undefined
          for (const answer of reply.answers) this.#settle(answer)
          return
        case 'refusing':
          this.#refusing = reply.failure
          return
        case 'failed':
          failure = reply.failure
      }
    })
    worker.on('error', error => {
      failure = failureOf(error)
    })
    const exited = Promise.withResolvers<void>()
    this.#exited = exited.promise
    worker.on('exit', () => {
      this.#ended(failure)
      ended(failure)
      exited.resolve()
    })
  }

  #ended(failure: Failure): void {
    this.#worker = undefined
    this.#open = undefined
    this.#down = this.#keepAlive ? failure : CLOSED
    this.#stalled = undefined
    this.#refusing = undefined
    for (const id of this.#calls.keys()) this.#settle({ id, failure })
    if (!this.#keepAlive) return
    const { log } = this.#options
    const delay = this.#restartDelay
    this.#restartDelay = Math.min(delay * 2, MAX_RESTART_DELAY)
    log.warn({ reason: failure.reason, delay }, 'the queue failed, it is opened again after a pause')
    this.#restart = setTimeout(() => this.#start(() => log.info('the queue is open again'), doNothing), delay)
  }

  #settle(answer: Answer<never>): void {
    const call = this.#calls.get(answer.id)
    if (call === undefined) return this.#giveBack(answer)
    this.#calls.delete(answer.id)
    clearTimeout(call.timer)
    if ('failure' in answer) call.reject(callError(answer.failure))
    else call.resolve(answer.value)
  }

  #giveUp(id: number, timeout: number): void {
    const failure: Failure = { kind: 'unavailable', reason: `no answer from the disk within ${timeout} ms` }
    this.#stalled = failure
    this.#settle({ id, failure })
    // A consumer that nobody answers any more must be given nothing.
    this.#open?.postMessage({ kind: 'cancel', id } satisfies Command)
  }

  /** What was leased for a call that was given up would be away until its lease runs out, and count as failed. */
  #giveBack(answer: Answer): void {
    if (!('value' in answer) || typeof answer.value !== 'object' || !('leases' in answer.value)) return
    const { leases } = answer.value
    this.#open?.postMessage({ kind: 'release', leases, id: ++this.#lastId } satisfies Command)
  }
}

/** A start that failed has been dealt with where the worker ended. */
function doNothing(): void {}
