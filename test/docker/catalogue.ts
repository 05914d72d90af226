import { createMetrics } from '../../src/admin/metrics.ts'
import { metricSources, SPOOL } from '../admin/fixtures/metric-sources.ts'

/** A metric as a registry of the service has it; `labels` with the values that it shows. */
export type Described = { name: string; type: string; help: string; labels: Map<string, Set<string>> }

/** Every metric that there is, by name: those of a service with the embedded queue, and with a broker. */
export async function catalogue(): Promise<Map<string, Described>> {
  const found = new Map<string, Described>()
  const services = [metricSources(), metricSources({ driver: 'redis', spool: () => SPOOL })]
  for (const sources of services)
    for (const { name, help, type, values } of await createMetrics(sources).getMetricsAsJSON()) {
      const metric = found.get(name) ?? { name, help, type: String(type), labels: new Map() }
      found.set(name, metric)
      for (const { labels } of values)
        for (const [label, value] of Object.entries(labels))
          metric.labels.set(label, (metric.labels.get(label) ?? new Set()).add(String(value)))
    }
  return found
}
