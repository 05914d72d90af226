import {
  BadRequestError,
  BodyTooLargeError,
  ContentTypeError,
  CrossOriginError,
  HostNotAllowedError,
  InternalError,
  QueueFullError,
  QueueUnavailableError,
  UnauthorizedError,
} from '../errors.ts'
import { refusals } from '../refusals.ts'

/** The challenge of a 401. */
export const CHALLENGE = 'Bearer realm="jelou-receiver admin"'

type Refusals = Parameters<typeof refusals>[0]

/** The guard stands before every route, and any of them may have a fault. */
const ANYWHERE: Refusals = [UnauthorizedError, HostNotAllowedError, CrossOriginError, InternalError]

/** What a route without a body may refuse, these besides. */
export function guarded(...more: Refusals) {
  return refusals([...ANYWHERE, ...more], {
    401: { 'WWW-Authenticate': { type: 'string', const: CHALLENGE } },
  })
}

/** What a route that reads a body may refuse, these besides. */
export function reading(...more: Refusals) {
  return guarded(BadRequestError, BodyTooLargeError, ContentTypeError, ...more)
}

/** What the queue refuses while it cannot be read, and while it cannot be written. */
export const UNREADABLE: Refusals = [QueueUnavailableError]
export const UNWRITABLE: Refusals = [QueueUnavailableError, QueueFullError]
