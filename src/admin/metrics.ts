import { Counter, Gauge, Registry } from 'prom-client'
import type { QueueStats } from '../queue/types.ts'

/** Where the numbers come from: read when somebody scrapes, so that counting costs the events nothing. */
export type MetricSources = {
  /** Events answered 200 since the start, by outcome. */
  events: () => Record<string, number>
  /** Requests refused since the start, by the code of the check. */
  refused: () => Record<string, number>
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
    metric.set(sources.secretAge() ?? Number.NaN)
  })
  gauge('jelou_receiver_queue_messages', 'Messages in the queue', ['state'], async metric => {
    const { waiting, leased, delayed, dead } = await sources.queue()
    for (const [state, count] of Object.entries({ waiting, leased, delayed, dead }))
      metric.set({ state }, count)
  })
  gauge('jelou_receiver_queue_bytes', 'Bytes of the queue on disk', [], async metric => {
    metric.set((await sources.queue()).bytes)
  })
  gauge('jelou_receiver_queue_oldest_seconds', 'Age of the oldest waiting message', [], async metric => {
    metric.set((await sources.queue()).oldestAge / 1000)
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
        metric.reset()
        await read(metric)
      },
    })
  }
}
