import {
  InternalError,
  MessageRefusedError,
  QueueFullError,
  QueueOverloadedError,
  QueueRefusedError,
  QueueUnavailableError,
} from '../errors.ts'
import { WEBHOOK_REFUSALS } from '../refusals.ts'

/** The code of what nobody expected. */
export const { code: INTERNAL } = new InternalError()

/** Why a queue did not take an event, as the codes of errors.ts. */
export const PUBLISH_FAILURES = [
  QueueUnavailableError,
  QueueFullError,
  QueueOverloadedError,
  QueueRefusedError,
  MessageRefusedError,
].map(QueueError => new QueueError().code)

/** Why a request to the webhook is refused, as the codes of errors.ts. */
export const REFUSALS = WEBHOOK_REFUSALS.map(Refusal => new Refusal().code)

/** Counts that begin at 0: one that appears with its first event hides that event from everything that looks at rates. */
export function noneOf(keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map(key => [key, 0]))
}
