import type { History } from './history.ts'

/** What the page shows of the service, as `GET /status` has it. Figures of the queue are missing when it cannot be asked. */
export type ServiceStatus = {
  status: string
  /** Each `ok`, or why not. */
  checks: Record<string, string>
  uptimeSeconds: number
  registration: {
    phase: 'starting' | 'registered' | 'degraded' | 'conflict' | 'secret_lost' | 'unregistered' | 'static'
    webhookUrl: string
    authType: string
    secretAgeSeconds: number | null
    previousSecrets: number
    /** In ms since the epoch. */
    lastReconciledAt: number | null
    lastOutcome: string | null
    lastError: string | null
    state: { shared: boolean; replicas: number; lastError: string | null }
  }
  queue: { driver: string } & Partial<QueueFigures & BrokerFigures>
  /** Since the start. */
  events: { accepted: number; duplicate: number; refused: Record<string, number> }
}

type QueueFigures = {
  waiting: number
  leased: number
  delayed: number
  dead: number
  oldestAgeSeconds: number
  bytes: number
}

/** Only with a broker, before which events wait in the spool. */
type BrokerFigures = {
  breaker: 'closed' | 'open' | 'half-open'
  reason: string | null
  since: number | null
  spooled: number
  drained: number
}

/** One refused request. Its header names and its source are whatever the caller made them. */
export type Refusal = {
  time: string
  check: string
  statusCode: number
  headers: readonly string[]
  bodyLength: number | null
  source: string
}

/** A dead letter without its event's data; times in ms since the epoch. */
export type DeadLetterHead = {
  seq: number
  attempts: number
  reason: string
  diedAt: number
  /** Null when the event is not one that this service wrote. */
  event: { id: string; type: string } | null
}

/** All that one rendering shows. */
export type PageData = {
  status: ServiceStatus
  history: Pick<History, 'samples' | 'minutes' | 'lastMinute'>
  /** Newest first. */
  refused: readonly Refusal[]
  /** The first of them; null when they cannot be read now. */
  dead: readonly DeadLetterHead[] | null
  /** What a form must bring back. */
  csrfToken: string
}
