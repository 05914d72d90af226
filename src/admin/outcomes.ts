import {
  BodyNotJsonError,
  BodyTooLargeError,
  ContentTypeError,
  CredentialInvalidError,
  DrainingError,
  EventInvalidError,
  EventTooOldError,
  InternalError,
  MalformedRequestError,
  MessageRefusedError,
  NotRegisteredError,
  OverloadedError,
  QueueFullError,
  QueueOverloadedError,
  QueueRefusedError,
  QueueUnavailableError,
  RequestCutError,
  SignatureInvalidError,
  SourceNotAllowedError,
} from '../errors.ts'

/** The code of what nobody expected. */
export const { code: INTERNAL } = new InternalError()

const QUEUE_FAILURES = [QueueUnavailableError, QueueFullError, QueueOverloadedError, QueueRefusedError]

/** Why a queue did not take an event, as the codes of errors.ts. */
export const PUBLISH_FAILURES = [...QUEUE_FAILURES, MessageRefusedError].map(
  QueueError => new QueueError().code,
)

/** Why a request to the webhook is refused, as the codes of errors.ts. */
export const REFUSALS = [
  SourceNotAllowedError,
  DrainingError,
  NotRegisteredError,
  CredentialInvalidError,
  ContentTypeError,
  BodyTooLargeError,
  RequestCutError,
  MalformedRequestError,
  SignatureInvalidError,
  OverloadedError,
  BodyNotJsonError,
  EventInvalidError,
  EventTooOldError,
  ...QUEUE_FAILURES,
  InternalError,
].map(Refusal => new Refusal().code)

/** Counts that begin at 0: one that appears with its first event hides that event from everything that looks at rates. */
export function noneOf(keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map(key => [key, 0]))
}
