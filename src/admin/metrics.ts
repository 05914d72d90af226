import { Counter, Gauge, Registry } from 'prom-client'
import type { QueueStats } from '../queue/types.ts'

/** Where the numbers come from: read when somebody scrapes, so that counting costs the events nothing. */
export type MetricSources = {
  /** Events answered 200 since the start, by outcome. */
  events: () => Record<string, number>
  /** Requests refused since the start, by the code of the check. */
  refused: () => Record<string, number>
  /** When it fails, the queue's own metrics are missing from the scrape and all others are there. */
  queue: () => Promise<QueueStats>
  /** Reconcile passes since the start, by outcome. */
  reconciles: () => Record<string, number>
  /** `starting`, `registered`, `degraded`, `secret_lost` or `static`. */
  registration: () => string
  /** Seconds since the current secret was kept; null without one. */
  secretAge: () => number | null
}

/** The service's metrics in one registry of its own; names and units by Prometheus' conventions. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry()
  const registers = [registry]
  const queue = sharing(sources.queue)
  counter('jelou_receiver_events_total', 'Events answered 200', 'outcome', sources.events)
  counter(
    'jelou_receiver_refused_total',
    'Requests refused, by the check that failed',
    'check',
    sources.refused,
  )
  counter(
    'jelou_receiver_reconciles_total',
    'Comparisons of what Jelou has with what is configured',
    'outcome',
    sources.reconciles,
  )

  gauge(
    'jelou_receiver_registration_info',
    'The phase of the registration, as a label',
    ['phase'],
    metric => {
      metric.set({ phase: sources.registration() }, 1)
    },
  )
  gauge('jelou_receiver_secret_age_seconds', 'Age of the signing secret in use', [], metric => {
    const age = sources.secretAge()
    if (age !== null) metric.set(age)
  })
  gauge('jelou_receiver_queue_up', 'Whether the queue could be asked: 1 or 0', [], async metric => {
    metric.set((await queue()) ? 1 : 0)
  })
  gauge('jelou_receiver_queue_messages', 'Messages in the queue', ['state'], async metric => {
    const stats = await queue()
    if (!stats) return
    const { waiting, leased, delayed, dead } = stats
    for (const [state, count] of Object.entries({ waiting, leased, delayed, dead }))
      metric.set({ state }, count)
  })
  gauge('jelou_receiver_queue_bytes', 'Bytes of the queue on disk', [], async metric => {
    const stats = await queue()
    if (stats) metric.set(stats.bytes)
  })
  gauge('jelou_receiver_queue_oldest_seconds', 'Age of the oldest waiting message', [], async metric => {
    const stats = await queue()
    if (stats) metric.set(stats.oldestAge / 1000)
  })
  return registry

  function counter(name: string, help: string, label: string, read: () => Record<string, number>) {
    const metric = new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        metric.reset()
        for (const [value, count] of Object.entries(read())) metric.inc({ [label]: value }, count)
      },
    })
  }

  function gauge(
    name: string,
    help: string,
    labelNames: string[],
    read: (metric: Gauge) => void | Promise<void>,
  ) {
    const metric: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        // A reset would leave a 0 where there are no labels, which says something else than no sample.
        if (labelNames.length > 0) metric.reset()
        else metric.remove()
        await read(metric)
      },
    })
  }
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
