import type { QueueStats } from '../queue/types.ts'
import type { Kinds } from './metric-kinds.ts'
import type { PublishMeter } from './publish-meter.ts'

type BreakerState = 'closed' | 'half-open' | 'open'
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open']

/** The queue as it is measured: embedded, or a broker with a spool before it. */
export type QueueSources = {
  /** Name of the driver. */
  driver: string
  meter: PublishMeter
  /** What is on this machine: the embedded queue, or the spool. When it fails, those metrics are missing from the scrape and all others are there. */
  stats: () => Promise<QueueStats>
  /** Only with a broker. */
  spool?:
    | (() => {
        breaker: BreakerState
        spooled: number
        drained: number
        inFlight: number
        remembering: boolean
      })
    | undefined
  /** Whether ids of events are to be remembered at all. */
  remembers: boolean
  /** SPOOL_LIMIT, in bytes. */
  spoolLimit: number
  /** Free bytes of the disk that the queue or the spool is on. */
  free: () => Promise<number>
}

export function addQueueMetrics(kinds: Kinds, sources: QueueSources): void {
  const { driver, meter, spool, free } = sources
  const stats = sharing(sources.stats)
  kinds.gauge({
    name: 'events_in_flight',
    help: 'Verified events that are neither confirmed nor stored yet',
    read: () => spool?.().inFlight ?? meter.inFlight,
  })
  kinds.counter({
    name: 'publishes_total',
    help: 'Events handed to the driver of the queue, straight or from the spool, by what became of it',
    constant: { driver },
    label: 'outcome',
    read: () => meter.outcomes,
  })
  kinds.histogram({
    name: 'publish_duration_seconds',
    help: 'Until the driver of the queue confirmed an event or failed, without what else the event waited for',
    constant: { driver },
    read: () => meter.durations,
  })
  addSpoolMetrics(kinds, sources)
  kinds.gauge({
    name: 'store_up',
    help: 'Whether the embedded queue or the spool could be asked: 1 or 0',
    read: async () => ((await stats()) ? 1 : 0),
  })
  const embedded = async () => (spool ? undefined : stats())
  const spooled = async () => (spool ? stats() : undefined)
  addStoreMetrics(kinds, 'queue', 'the embedded queue', embedded)
  addStoreMetrics(kinds, 'spool', 'the spool', spooled)
  kinds.gauge({
    name: 'spool_limit_bytes',
    help: 'What the spool may grow to (SPOOL_LIMIT)',
    read: () => (spool ? sources.spoolLimit : undefined),
  })
  kinds.gauge({
    name: 'disk_free_bytes',
    help: 'Free bytes of the disk that the embedded queue or the spool is on',
    read: () => free().catch(() => undefined),
  })
}

function addSpoolMetrics(kinds: Kinds, { spool, remembers }: QueueSources): void {
  kinds.states({
    name: 'breaker_state',
    help: 'Whether events go to the broker (closed), are kept here (open), or one tries (half-open)',
    label: 'state',
    read() {
      const now = spool?.().breaker
      return now && Object.fromEntries(BREAKER_STATES.map(state => [state, state === now]))
    },
  })
  kinds.counter({
    name: 'spool_stored_total',
    help: 'Events stored in the spool instead of being confirmed by the broker',
    read: () => spool?.().spooled,
  })
  kinds.counter({
    name: 'spool_drained_total',
    help: 'Events brought from the spool to the broker',
    read: () => spool?.().drained,
  })
  kinds.gauge({
    name: 'repeats_recognised',
    help: 'Whether events that come twice are recognised, by the broker or here: 1 or 0',
    read: () => (remembers ? Number(spool?.().remembering ?? true) : undefined),
  })
}

function addStoreMetrics(
  kinds: Kinds,
  name: string,
  what: string,
  stats: () => Promise<QueueStats | undefined>,
): void {
  kinds.gauge({
    name: `${name}_events`,
    help: `Events in ${what}; dead ones failed too often and wait for somebody`,
    label: 'state',
    async read() {
      const now = await stats()
      return now && { waiting: now.waiting, leased: now.leased, delayed: now.delayed, dead: now.dead }
    },
  })
  kinds.gauge({
    name: `${name}_bytes`,
    help: `Size of ${what} on disk`,
    read: async () => (await stats())?.bytes,
  })
  kinds.gauge({
    name: `${name}_oldest_age_seconds`,
    help: `Age of the oldest event that waits in ${what}; 0 when none does`,
    async read() {
      const now = await stats()
      return now && now.oldestAge / 1000
    },
  })
}

/** Asks once for all the metrics of one scrape; undefined when that fails. */
function sharing(read: () => Promise<QueueStats>): () => Promise<QueueStats | undefined> {
  let reading: Promise<QueueStats | undefined> | undefined
  return () =>
    (reading ??= read()
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      }))
}
