import type { Gauge, Registry } from 'prom-client'
import { Buckets } from './histogram.ts'

/** What every name begins with. */
export const PREFIX = 'jelou_receiver_'

/** A number, numbers by the value of a label, or nothing for now: then there is no sample. */
export type Reading = number | Record<string, number> | null | undefined

/**
 * A metric by its name without the prefix; `label` names what a reading by label is by, `constant` are labels that all its
 * samples have. `read` must not throw.
 */
export type MetricOf<T> = {
  name: string
  help: string
  label?: string
  constant?: Record<string, string>
  read: () => T | Promise<T>
}

type Sample = { metricName?: string; labels: Record<string, string | number>; value: number }

/**
 * Adds metrics to a registry. Each is read when somebody scrapes, from numbers that are there anyway, so that counting costs
 * the events next to nothing.
 */
export class Kinds {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  counter(metric: MetricOf<Reading>): void {
    this.#add('counter', metric, reading => samplesOf(metric.label, reading))
  }

  /** One for each value of the label `by`. */
  counters({ by, ...metric }: MetricOf<Record<string, Reading>> & { by: string }): void {
    this.#add('counter', metric, readings =>
      Object.entries(readings).flatMap(([value, reading]) =>
        samplesOf(metric.label, reading).map(({ labels, ...sample }) => ({
          labels: { [by]: value, ...labels },
          ...sample,
        })),
      ),
    )
  }

  gauge(metric: MetricOf<Reading>): void {
    this.#add('gauge', metric, reading => samplesOf(metric.label, reading))
  }

  /** One series for each thing that may be so, 1 for those that are and 0 for the others. */
  states(metric: MetricOf<Record<string, boolean> | undefined>): void {
    this.#add('gauge', metric, states =>
      Object.entries(states ?? {}).map(([state, is]) => ({
        labels: { [String(metric.label)]: state },
        value: is ? 1 : 0,
      })),
    )
  }

  histogram(metric: MetricOf<Buckets | Record<string, Buckets>>): void {
    const name = PREFIX + metric.name
    this.#add('histogram', metric, reading =>
      reading instanceof Buckets
        ? bucketsOf(name, {}, reading)
        : Object.entries(reading).flatMap(([value, buckets]) =>
            bucketsOf(name, { [String(metric.label)]: value }, buckets),
          ),
    )
  }

  /** Something constant, told by labels; the value is 1. */
  info(name: string, help: string, labels: Record<string, string>): void {
    this.#add('gauge', { name, help, constant: labels, read: () => 1 }, value => [{ labels: {}, value }])
  }

  #add<T>(type: string, metric: MetricOf<T>, samples: (reading: T) => Sample[]): void {
    const { help, constant, read } = metric
    const described = { name: PREFIX + metric.name, help, type, aggregator: 'sum' }
    const get = async () => ({
      ...described,
      values: samples(await read()).map(sample => ({ ...sample, labels: { ...constant, ...sample.labels } })),
    })
    // The registry asks a metric for no more than this, but its types want one of the library's classes.
    this.#registry.registerMetric({ ...described, get } as unknown as Gauge)
  }
}

function samplesOf(label: string | undefined, reading: Reading): Sample[] {
  if (reading === null || reading === undefined) return []
  if (typeof reading === 'number') return [{ labels: {}, value: reading }]
  return Object.entries(reading).map(([value, count]) => ({
    labels: { [String(label)]: value },
    value: count,
  }))
}

/** The lines of one histogram, whose counts Prometheus wants cumulated. */
function bucketsOf(name: string, labels: Record<string, string>, { bounds, counts, sum }: Buckets): Sample[] {
  let count = 0
  const cumulated = Array.from(counts, (added, at) => {
    count += added
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[at] ?? '+Inf' }, value: count }
  })
  return [
    ...cumulated,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
