import type { StatusAnswer } from '../admin/status-answer.ts'
import type { History } from './history.ts'

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
  status: StatusAnswer
  history: Pick<History, 'samples' | 'minutes' | 'lastMinute'>
  /** Newest first. */
  refused: readonly Refusal[]
  /** The first of them; null when they cannot be read now. */
  dead: readonly DeadLetterHead[] | null
  /** What a form must bring back. */
  csrfToken: string
}
