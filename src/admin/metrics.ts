import { collectDefaultMetrics, Registry } from 'prom-client'
import { Kinds } from './metric-kinds.ts'
import { addQueueMetrics, type QueueSources } from './metrics-queue.ts'
import { addRegistrationMetrics, type RegistrationSources } from './metrics-registration.ts'
import { noneOf, REFUSALS } from './outcomes.ts'
import type { Traffic } from './traffic.ts'

/** What prom-client tells and should not. */
const MISLEADING = [
  // Only the first collection of each report is counted, and under load a report has dozens.
  'nodejs_gc_duration_seconds',
  // Gauges with the name of a counter; and what they count is a private matter of Node.
  ...['handles', 'requests', 'resources'].map(what => `nodejs_active_${what}_total`),
  ...['handles', 'requests'].map(what => `nodejs_active_${what}`),
]

/** Where the numbers come from: read when somebody scrapes, so that counting costs the events next to nothing. */
export type MetricSources = {
  projectId: string
  version: string
  /** Each thing that readiness depends on: `ok`, or what is wrong. */
  checks: () => Record<string, string>
  /** Each thing that may be to be seen to although events are taken: whether it is. */
  warnings: () => Record<string, boolean>
  traffic: Traffic
  /** Events answered 200 since the start, by outcome. */
  events: () => Record<string, number>
  /** Requests refused since the start, by the code of the check. */
  refused: () => Record<string, number>
  /** What each listener refused before any route, since the start, by why; counted on. */
  refusedBefore: Record<'public' | 'private', Readonly<Record<string, number>>>
  queue: QueueSources
  registration: RegistrationSources
}

/**
 * The service's metrics in one registry of its own; names and units by Prometheus' conventions. No label holds anything that a
 * caller, an event or a clock decides.
 */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry()
  const kinds = new Kinds(registry)
  addServiceMetrics(kinds, sources)
  addTrafficMetrics(kinds, sources)
  addQueueMetrics(kinds, sources.queue)
  addRegistrationMetrics(kinds, sources.registration)
  addProcessMetrics(registry)
  return registry
}

function addServiceMetrics(kinds: Kinds, sources: MetricSources): void {
  const { projectId, version, checks, warnings, queue } = sources
  kinds.info('build_info', 'The version that runs, whose project it serves, and the driver of its queue', {
    version,
    project: projectId,
    queue: queue.driver,
  })
  kinds.gauge({
    name: 'ready',
    help: 'Whether every check of readiness is ok: 1 or 0, as /readyz answers',
    read: () => (Object.values(checks()).every(check => check === 'ok') ? 1 : 0),
  })
  kinds.states({
    name: 'ready_check',
    help: 'Whether this check of readiness is ok: 1 or 0',
    label: 'check',
    read: () => Object.fromEntries(Object.entries(checks()).map(([name, check]) => [name, check === 'ok'])),
  })
  kinds.states({
    name: 'warning',
    help: 'Whether this is to be seen to although events are taken: 1 or 0, as /readyz names it',
    label: 'check',
    read: warnings,
  })
}

function addTrafficMetrics(kinds: Kinds, { traffic, events, refused, refusedBefore }: MetricSources): void {
  kinds.counter({ name: 'events_total', help: 'Events answered 200', label: 'outcome', read: events })
  kinds.counter({
    name: 'refused_total',
    help: 'Requests refused, by the check that failed',
    label: 'check',
    read: () => ({ ...noneOf(REFUSALS), ...refused() }),
  })
  kinds.counters({
    name: 'http_refused_total',
    help: 'Requests that were refused before any route, and connections cut without an answer: nothing came, too many of them, or the answer was not read',
    by: 'listener',
    label: 'check',
    read: () => refusedBefore,
  })
  kinds.histogram({
    name: 'request_duration_seconds',
    help: 'From the headers of a request to its answer; refused is an answer of 4xx, failed of 5xx',
    label: 'outcome',
    read: () => traffic.durations,
  })
  kinds.histogram({
    name: 'stage_duration_seconds',
    help: 'What one stage took of the requests that passed it; body is mostly the sending of the caller',
    label: 'stage',
    read: () => traffic.stages,
  })
  kinds.histogram({
    name: 'event_age_seconds',
    help: 'How old events were when they arrived, by their own timestamps',
    read: () => traffic.ages,
  })
  kinds.counter({
    name: 'events_ahead_total',
    help: 'Events dated more than a second later than they arrived: a clock is wrong, here or at Jelou',
    read: () => traffic.ahead,
  })
}

/**
 * What prom-client tells of the process. Its delay monitor wakes up 100 times a second, its observer of garbage collections at each
 * of them: neither could be measured beside a load. They last as long as the process, as the service does.
 */
function addProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register })
  for (const name of MISLEADING) register.removeSingleMetric(name)
}
