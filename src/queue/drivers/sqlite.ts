import type { BaseLogger } from 'pino'
import { QueueOverloadedError } from '../../errors.ts'
import type {
  PublishOutcome,
  QueueConsumer,
  EmbeddedQueue,
  Located,
  SpoolStore,
  QueueHealth,
  QueueMessage,
  QueueStats,
  StoredEvent,
  TakeRequest,
} from '../types.ts'
import { packBatch, packKeys, packSettled, unpackEvents } from './sqlite-batch.ts'
import { SqliteClient } from './sqlite-client.ts'
import { createConsumer } from './sqlite-consumer.ts'
import { createKeyCounts, mayHold } from './sqlite-key-counts.ts'
import { callError, type SegmentLimits } from './sqlite-protocol.ts'

const MIB = 1024 * 1024
/** Events that go to the worker before the turn is over: one that reads of thousands of connections takes seconds. */
const LARGEST_BATCH = 1_024

/** Sizes in bytes, times in ms. */
export type SqliteQueueOptions = {
  /** The database, created if missing. `-wal`, `-shm`, `.lock` and `.ballast` are kept beside it. Local disks only. */
  file: string
  /** How long an event id is remembered at least; 0 remembers none. */
  dedupeWindow: number
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>
  /** What may wait for the disk at a time. Default: 10,000 events, 64 MiB. */
  maxInFlight?: { events: number; bytes: number }
  /** When a table of the database is full, and another is begun. Default: 32,768 events, 32 MiB. */
  segments?: Partial<SegmentLimits>
  /** The database may grow to this size; beyond it events are refused. Default: no limit but the disk. */
  maxSize?: number
  /** Events are refused while the disk has less free space. Default: 64 MiB. */
  minFree?: number
  /** Space kept for acknowledging on a full disk. Default: 16 MiB; 0 keeps none. */
  ballast?: number
  /** Deliveries before a message is dead. Default: 5. */
  maxAttempts?: number
  /** How long a publish or an acknowledgement waits for the disk. Default: 15 s, most of Jelou's 20 s. */
  commitTimeout?: number
  /** How long who asks for counts waits for the disk. Default: 5 s, half of what Prometheus gives a scrape. */
  statsTimeout?: number
  /** The first pause before a failed store is opened again. Default: 200 ms. */
  restartDelay?: number
  /** The worker's entry, for tests. */
  workerUrl?: URL
}

type Caller = { resolve: (outcome: PublishOutcome) => void; reject: (error: unknown) => void }

/**
 * The embedded queue: one SQLite database, written by a worker thread. A publish resolves once its transaction is
 * synced to disk. One process owns a database: connect throws QueueLockedError for the second.
 * It may be connected again after close.
 */
export function createSqliteQueue(options: SqliteQueueOptions): EmbeddedQueue {
  return new SqliteQueue(options)
}

/** The embedded queue as the store of a spool: it counts the events of each key besides, and remembers ids for others. */
export function createSpoolStore(options: SqliteQueueOptions): SpoolStore {
  const counts = createKeyCounts()
  const stored = new Int32Array(counts)
  const queue = new SqliteQueue(options, counts)
  return Object.assign(queue, {
    remembers: options.dedupeWindow > 0,
    holds: (key: string) => mayHold(stored, key),
  })
}

class SqliteQueue implements EmbeddedQueue {
  readonly deduplicates = true
  readonly name = 'sqlite'
  readonly consumer: QueueConsumer
  readonly #client: SqliteClient
  readonly #statsTimeout: number
  readonly #limit: { events: number; bytes: number }
  #connected: Promise<void> | undefined
  #messages: QueueMessage[] = []
  #callers: Caller[] = []
  #events = 0
  #bytes = 0

  constructor(options: SqliteQueueOptions, keyCounts?: SharedArrayBuffer) {
    const timeout = options.commitTimeout ?? 15_000
    this.#limit = options.maxInFlight ?? { events: 10_000, bytes: 64 * MIB }
    this.#client = new SqliteClient({
      workerUrl: options.workerUrl ?? new URL('sqlite-worker.ts', import.meta.url),
      workerOptions: {
        file: options.file,
        dedupeWindow: options.dedupeWindow,
        maxSize: options.maxSize ?? Infinity,
        minFree: options.minFree ?? 64 * MIB,
        ballast: options.ballast ?? 16 * MIB,
        maxAttempts: options.maxAttempts ?? 5,
        ...(options.segments && { segments: options.segments }),
        ...(keyCounts && { keyCounts }),
      },
      log: options.log,
      timeout,
      restartDelay: options.restartDelay ?? 200,
    })
    this.#statsTimeout = options.statsTimeout ?? 5_000
    this.consumer = createConsumer(this.#client, timeout)
  }

  connect(): Promise<void> {
    this.#connected ??= this.#client.open().catch((error: unknown) => {
      this.#connected = undefined
      throw error
    })
    return this.#connected
  }

  /** The main thread's whole work for an event: two pushes here, one copy in the batch. */
  publish(message: QueueMessage): Promise<PublishOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>()
    const { failure } = this.#client
    if (failure !== undefined) reject(callError(failure))
    else if (this.#events >= this.#limit.events || this.#bytes >= this.#limit.bytes)
      reject(new QueueOverloadedError(`${this.#events} events, ${this.#bytes} bytes`))
    else {
      // What arrives within one turn of the event loop goes to the worker together.
      if (this.#messages.length === 0) setImmediate(() => void this.#flush())
      this.#messages.push(message)
      this.#callers.push({ resolve, reject })
      this.#events++
      this.#bytes += message.body.length
      if (this.#messages.length === LARGEST_BATCH) void this.#flush()
    }
    return promise
  }

  health(): QueueHealth {
    const { failure } = this.#client
    return failure === undefined ? { ok: true } : { ok: false, reason: failure.reason }
  }

  async take(request: TakeRequest): Promise<StoredEvent[]> {
    return unpackEvents(await this.#client.call({ kind: 'take', ...request }))
  }

  settle(events: readonly Located[]): Promise<void> {
    const settled = packSettled(events)
    return this.#client.call({ kind: 'settle', settled }, { transfer: [settled] })
  }

  bury(seq: number, attempts: number, reason: string): Promise<void> {
    return this.#client.call({ kind: 'bury', seq, attempts, reason })
  }

  newest(): Promise<number> {
    return this.#client.call({ kind: 'newest' })
  }

  /** Which of these are remembered, by their place. */
  async seen(messages: readonly QueueMessage[]): Promise<Set<number>> {
    const keys = packKeys(messages)
    return new Set(await this.#client.call({ kind: 'seen', keys }, { transfer: [keys] }))
  }

  remember(messages: readonly QueueMessage[]): void {
    const keys = packKeys(messages)
    this.#client.tell({ kind: 'remember', keys }, [keys])
  }

  stats(): Promise<QueueStats> {
    const { promise, resolve, reject } = Promise.withResolvers<QueueStats>()
    const reason = `no answer from the disk within ${this.#statsTimeout} ms`
    const timer = setTimeout(() => reject(callError({ kind: 'unavailable', reason })), this.#statsTimeout)
    // Asked for as long as an event would wait: only then the disk is said to hang.
    const asked = this.#client.call({ kind: 'stats' })
    void asked.then(resolve, reject).finally(() => clearTimeout(timer))
    return promise
  }

  async close(): Promise<void> {
    const flushed = this.#flush()
    await this.#client.close()
    await flushed
    this.#connected = undefined
  }

  async #flush(): Promise<void> {
    const messages = this.#messages
    const callers = this.#callers
    if (messages.length === 0) return
    this.#messages = []
    this.#callers = []
    const batch = packBatch(messages)
    try {
      const request = { kind: 'enqueue', batch, events: messages.length } as const
      const duplicates = await this.#client.call(request, { transfer: [batch] })
      for (const index of duplicates) callers[index]?.resolve('duplicate')
      // Those that are resolved already stay duplicates.
      for (const { resolve } of callers) resolve('accepted')
    } catch (error) {
      for (const { reject } of callers) reject(error)
    } finally {
      this.#events -= messages.length
      for (const { body } of messages) this.#bytes -= body.length
    }
  }
}
