import createFastifyError from '@fastify/error'

/**
 * Every error of this service: stable code, HTTP status, message. Each takes `{ cause }` as its last argument.
 * The codes are part of the contract; the messages may change. No message may hold a secret or a customer's text.
 */

/**
 * Names a class, in logs and stacks, by its code: `ERR_QUEUE_FULL` is a `QueueFullError`. What the caller is to blame for (4xx) is an
 * answer: it says all by its code, and noting where it was made would have a stranger cost more than a customer.
 */
const createError = ((code: string, message: string, statusCode?: number) => {
  const words = code.toLowerCase().split('_').slice(1)
  const name = `${words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')}Error`
  const isFault = statusCode === undefined || statusCode >= 500
  class Failure extends createFastifyError(code, message, statusCode, Error, false) {
    constructor(...args: unknown[]) {
      super(...args)
      this.name = name
      if (isFault) Error.captureStackTrace(this, Failure)
    }
  }
  Object.defineProperty(Failure, 'name', { value: name })
  return Failure
}) as typeof createFastifyError

// What is no sound HTTP, on both listeners.
export const MalformedRequestError = createError(
  'ERR_REQUEST_MALFORMED',
  'This is not a valid HTTP/1.1 request',
  400,
)
export const RequestTimeoutError = createError(
  'ERR_REQUEST_TIMEOUT',
  'The request took too long to arrive',
  408,
)
export const HeadersTooLargeError = createError('ERR_HEADERS_TOO_LARGE', 'The headers are too large', 431)
export const MethodNotAllowedError = createError('ERR_METHOD_NOT_ALLOWED', 'This is no proxy', 405)
export const ExpectationError = createError(
  'ERR_EXPECTATION_FAILED',
  'Only 100-continue can be expected of this service',
  417,
)

// The webhook, in the order of its checks. What these say is all that an unauthenticated caller learns.
export const SourceNotAllowedError = createError(
  'ERR_SOURCE_NOT_ALLOWED',
  'This source may not call the webhook',
  403,
)
export const NotRegisteredError = createError(
  'ERR_NOT_REGISTERED',
  'Not registered with Jelou yet, try again',
  503,
)
export const DrainingError = createError('ERR_DRAINING', 'Shutting down, try again', 503)
export const OverloadedError = createError('ERR_OVERLOADED', 'Too many requests wait, try again', 503)
export const CredentialInvalidError = createError(
  'ERR_CREDENTIAL_INVALID',
  'Missing or wrong credential',
  401,
)
export const ContentTypeError = createError('ERR_CONTENT_TYPE', 'Send application/json, not compressed', 415)
export const BodyTooLargeError = createError('ERR_BODY_TOO_LARGE', 'The body is too large', 413)
export const RequestCutError = createError('ERR_REQUEST_CUT', 'The request broke off', 400)
export const SignatureInvalidError = createError('ERR_SIGNATURE_INVALID', 'Missing or wrong signature', 401)
export const BodyNotJsonError = createError('ERR_BODY_NOT_JSON', 'The body is not JSON in UTF-8', 400)
export const EventInvalidError = createError(
  'ERR_EVENT_INVALID',
  'The body is not a JSON object with "event" or "event_type"',
  422,
)
export const EventTooOldError = createError('ERR_EVENT_TOO_OLD', 'The event is older than MAX_EVENT_AGE', 422)

export const NotFoundError = createError('ERR_NOT_FOUND', 'There is nothing here', 404)
export const InternalError = createError('ERR_INTERNAL', 'A fault of this service: see its log', 500)

// The queue. 503 tells the caller that the event was not taken.
export const QueueUnavailableError = createError(
  'ERR_QUEUE_UNAVAILABLE',
  'The queue cannot take the event: %s',
  503,
)
export const QueueOverloadedError = createError(
  'ERR_QUEUE_OVERLOADED',
  'Too many events wait to be stored: %s',
  503,
)
export const QueueFullError = createError('ERR_QUEUE_FULL', 'The queue is full: %s', 503)
export const QueueRefusedError = createError(
  'ERR_QUEUE_REFUSED',
  'The queue must be put right before it can be used: %s',
  503,
)
export const MessageRefusedError = createError(
  'ERR_MESSAGE_REFUSED',
  'The queue will never take this event: %s',
  503,
)
export const QueueClientError = createError(
  'ERR_QUEUE_CLIENT',
  'QUEUE_URL %s needs the package %s, which is not installed: install it beside this service',
)
export const QueueLockedError = createError(
  'ERR_QUEUE_LOCKED',
  'The queue %s is in use by another process: stop it, or give this one its own DATA_DIR',
  503,
)
export const QueueCorruptError = createError(
  'ERR_QUEUE_CORRUPT',
  'The queue %s cannot be read: %s. Nothing was changed. Restore it from a copy, or move it away to start with an empty queue',
  503,
)

// The private listener.
export const UnauthorizedError = createError('ERR_UNAUTHORIZED', 'Missing or wrong ADMIN_TOKEN', 401)
export const BadRequestError = createError('ERR_BAD_REQUEST', '%s', 400)
export const HostNotAllowedError = createError(
  'ERR_HOST_NOT_ALLOWED',
  'Call the private listener by its own address, or set ADMIN_TOKEN',
  403,
)
export const CrossOriginError = createError(
  'ERR_CROSS_ORIGIN',
  'A web page of another origin may not do this: use the page of this service, with a proxy that passes the Host header on, or the API with ADMIN_TOKEN',
  403,
)
export const FormOutdatedError = createError(
  'ERR_FORM_OUTDATED',
  'The service was started anew since this form was shown: load the page again and press the button there',
  403,
)
export const TooManyListenersError = createError(
  'ERR_TOO_MANY_LISTENERS',
  'Too many browsers watch the page: it is kept up to date for no more of them',
  503,
)
export const NoSuchRouteError = createError('ERR_NOT_FOUND', 'The private listener has no %s %s', 404)

// Clients of the private listener.
export const AdminRefusedError = createError(
  'ERR_ADMIN_REFUSED',
  '%s answered %s: check ADMIN_HOST, ADMIN_PORT and ADMIN_TOKEN',
)
export const AdminUnreachableError = createError(
  'ERR_ADMIN_UNREACHABLE',
  'The service does not answer at %s: %s',
)
export const AdminAnswerError = createError('ERR_ADMIN_ANSWER', '%s')

// The files of this machine.
export const DirectoryError = createError('ERR_DIRECTORY', 'The directory %s cannot be used: %s')

// The kept state.
export const StatePermissionsError = createError('ERR_STATE_PERMISSIONS', 'Others can reach %s (mode %s): %s')
export const StateKeyError = createError(
  'ERR_STATE_KEY',
  'The kept secret in %s cannot be decrypted: %s. Nothing was changed',
)
export const StateCorruptError = createError(
  'ERR_STATE_CORRUPT',
  'The kept state %s cannot be read: %s. Nothing was changed. Restore it from a copy, or move it away and set JELOU_SECRET_LOST=recreate',
)
export const StateUnavailableError = createError(
  'ERR_STATE_UNAVAILABLE',
  'The kept state %s cannot be used: %s',
)

export const StateFencedError = createError(
  'ERR_STATE_FENCED',
  'The lock of the kept state %s is held by another replica: nothing was written',
)
export const StateRefusedError = createError(
  'ERR_STATE_REFUSED',
  'The kept state %s must be put right before it can be used: %s',
)
export const StateClientError = createError(
  'ERR_STATE_CLIENT',
  'STATE_URL %s needs the package %s, which is not installed: install it beside this service',
)

// Registration with Jelou.
export const SecretLostError = createError(
  'ERR_SECRET_LOST',
  'Jelou has an integration for project %s whose signing secret this service does not have, and Jelou shows it only once%s. Either give the secret as JELOU_SIGNING_SECRET, or set JELOU_SECRET_LOST=recreate to delete that integration and create it anew (events signed with the old secret are then refused)',
)
export const RegistrationRejectedError = createError(
  'ERR_REGISTRATION_REJECTED',
  'Jelou refused to register the webhook: %s. %s',
)
export const RotationRefusedError = createError(
  'ERR_ROTATION_REFUSED',
  'The signing secret cannot be rotated: %s',
  409,
)
export const RotationUnfinishedError = createError(
  'ERR_ROTATION_UNFINISHED',
  'The signing secret is not rotated yet: %s',
  503,
)
export const RegisterRefusedError = createError(
  'ERR_REGISTER_REFUSED',
  'The webhook is not registered: %s',
  409,
)
export const RegisterUnfinishedError = createError(
  'ERR_REGISTER_UNFINISHED',
  'The webhook is not registered yet: %s',
  503,
)
export const UnregisterRefusedError = createError(
  'ERR_UNREGISTER_REFUSED',
  'The webhook cannot be unregistered: %s',
  409,
)
export const UnregisterUnfinishedError = createError(
  'ERR_UNREGISTER_UNFINISHED',
  'The webhook is not unregistered yet: %s',
  503,
)

// The start.
export const ConfigError = createError('ERR_CONFIG', '%s')
export const ListenError = createError(
  'ERR_LISTEN',
  'The service cannot listen at %s: %s. Check them, and what else listens there',
)

// The command line.
export const UsageError = createError('ERR_USAGE', '%s')

// The simulator.
export const NoIntegrationError = createError(
  'ERR_NO_INTEGRATION',
  'Nothing is registered with the simulated Jelou, so it has nowhere to send events to',
)
