import { setTimeout as sleep } from 'node:timers/promises'
import { QueueUnavailableError } from '../errors.ts'
import type { Pauses } from './backoff.ts'
import { Breaker, type BreakerState } from './spool-breaker.ts'
import { Drain } from './spool-drain.ts'
import { Lanes } from './spool-lanes.ts'
import { Memory } from './spool-memory.ts'
import type {
  DeadLetters,
  DriverLog,
  PublishOutcome,
  QueueDriver,
  QueueHealth,
  QueueMessage,
  QueueStats,
  SpoolStore,
  StoredEvent,
} from './types.ts'

/** Times in ms. */
export type SpoolOptions = {
  driver: QueueDriver
  /** Opened and closed by the spool. */
  store: SpoolStore
  /** How long after its arrival an event waits for the queue; then it is stored here. */
  publishTimeout: number
  /** How long the queue may take to confirm an event from the store, for which nobody waits. Default: `publishTimeout`. */
  patience?: number
  log: DriverLog
  /** How long {@link QueueDriver.close} goes on draining. Default: 5 s. */
  drainTimeout?: number
  /** Between tries whether the queue is back. Default: 200 ms, doubling up to 5 s. */
  pauses?: Pauses
  /** The first pause before a refused event is tried again; it doubles. Default: 1 s. */
  refusedDelay?: number
  /** Refusals after which an event is a dead letter. Default: 5. */
  maxAttempts?: number
  /** Events that may be under way at a time. Default: 10,000. */
  maxInFlight?: number
  /** Events drained at a time. Default: 1,024. */
  concurrency?: number
  /** Is told of each event that came from the store to the queue; its last try began at `started`, by `performance`. */
  drained?: (event: StoredEvent, started: number) => void
  now?: () => number
  random?: () => number
}

/** What an operator may want to know; counts since the start. */
export type SpoolFigures = {
  /** `closed` while events go to the queue, `open` while they are kept here, `half-open` while one tries. */
  breaker: BreakerState
  /** Why the queue is away, and since when (ms since the epoch); null while it is not. */
  reason: string | null
  since: number | null
  /** Events that were stored here, and that were brought from here to the queue. */
  spooled: number
  drained: number
  /** Events under way. */
  inFlight: number
  /** Whether repeated events are recognised here; true when the queue itself does. */
  remembering: boolean
}

/** A queue that may go away: its events are kept on this machine meanwhile. */
export interface Spool extends QueueDriver {
  /** Counts of what is kept on this machine. */
  stats(): Promise<QueueStats>
  figures(): SpoolFigures
  readonly deadLetters: DeadLetters
}

/**
 * Wraps the driver of a broker: publish resolves once the broker has confirmed the event or this machine has synced it.
 * Within a key events reach the broker in the order in which they were accepted, through outages and restarts.
 * connect throws the store's errors only: while the broker is away it is tried again in the background.
 */
export function createSpool(options: SpoolOptions): Spool {
  const { driver, store, publishTimeout, log } = options
  const { drainTimeout = 5_000, refusedDelay = 1_000, concurrency = 1_024, maxInFlight = 10_000 } = options
  const { maxAttempts = 5, patience = publishTimeout } = options
  const { pauses = { first: 200, most: 5_000 }, now = Date.now, random = Math.random } = options
  const counts = { spooled: 0, drained: 0 }
  const breaker = new Breaker({ driver, pauses, log, now, random })
  const memory =
    driver.deduplicates || !store.remembers
      ? undefined
      : new Memory({ store, timeout: Math.min(500, publishTimeout / 2), log })
  const stored = () => {
    counts.spooled++
    drain?.wake()
  }
  const lanes = new Lanes({ driver, store, breaker, memory, publishTimeout, maxInFlight, stored })
  const connector = createConnector(driver, publishTimeout)
  const { consumer } = store
  let drain: Drain | undefined
  let opening: Promise<void> | undefined
  let closing: Promise<void> | undefined

  async function open(): Promise<void> {
    await store.connect()
    await memory?.open()
    try {
      await connector.connect()
      breaker.succeeded()
    } catch (error) {
      breaker.trip(error)
    }
    drain = new Drain({
      driver,
      store,
      breaker,
      connector,
      publishTimeout: patience,
      concurrency,
      refusedDelay,
      maxAttempts,
      log,
      drained(event, started) {
        counts.drained++
        options.drained?.(event, started)
      },
    })
    drain.start()
  }

  async function redrive(seqs?: number[]): Promise<number> {
    const moved = await consumer.redrive(seqs)
    drain?.wake()
    return moved
  }

  async function shut(): Promise<void> {
    await opening?.catch(() => {})
    const running = drain
    drain = undefined
    opening = undefined
    await lanes.idle()
    await running?.stop(drainTimeout)
    memory?.close()
    const left = await store.stats().catch(() => undefined)
    if (left !== undefined && left.waiting + left.delayed > 0)
      log.warn({ events: left.waiting + left.delayed }, 'events are kept on this machine for the next start')
    try {
      await connector.close()
    } finally {
      await store.close()
    }
  }

  return {
    name: driver.name,
    deduplicates: driver.deduplicates,
    deadLetters: { dead: page => consumer.dead(page), redrive },
    connect() {
      opening ??= open().catch((error: unknown) => {
        opening = undefined
        throw error
      })
      return opening
    },
    publish(message: QueueMessage): Promise<PublishOutcome> {
      return drain === undefined
        ? Promise.reject(new QueueUnavailableError('it is closed'))
        : lanes.publish(message)
    },
    health(): QueueHealth {
      if (drain === undefined) return { ok: false, reason: 'it is closed' }
      const here = store.health()
      const there =
        breaker.state === 'closed' ? driver.health() : { ok: false, reason: String(breaker.reason) }
      if (here.ok || !('reason' in there)) return { ok: true }
      return { ok: false, reason: `${driver.name}: ${there.reason}; the spool: ${here.reason}` }
    },
    stats: () => store.stats(),
    figures: () => ({
      breaker: breaker.state,
      reason: breaker.reason,
      since: breaker.since,
      ...counts,
      inFlight: lanes.inFlight,
      remembering: driver.deduplicates || memory?.working === true,
    }),
    close() {
      closing ??= shut().finally(() => {
        closing = undefined
      })
      return closing
    },
  }
}

/** Connects a driver, however long it takes, but lets nobody wait for longer than `timeout` ms. */
function createConnector(driver: QueueDriver, timeout: number) {
  const state = { connected: false }
  let connecting: Promise<void> | undefined

  async function connectOnce(): Promise<void> {
    try {
      await driver.connect()
      state.connected = true
    } finally {
      connecting = undefined
    }
  }

  return {
    get connected() {
      return state.connected
    },
    async connect(): Promise<void> {
      connecting ??= connectOnce()
      const over = new AbortController()
      const late = sleep(timeout, undefined, { signal: over.signal }).then(() => {
        throw new QueueUnavailableError(`no connection within ${timeout} ms`)
      })
      try {
        await Promise.race([connecting, late])
      } finally {
        late.catch(() => {})
        over.abort()
      }
    },
    async close(): Promise<void> {
      state.connected = false
      await driver.close()
    },
  }
}
