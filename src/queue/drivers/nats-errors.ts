import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import {
  MessageRefusedError,
  QueueFullError,
  QueueRefusedError,
  QueueUnavailableError,
} from '../../errors.ts'
import { connectionError } from './connection-error.ts'

/** An error as the API of JetStream answers with it. */
export type ApiError = { code: number; err_code: number; description: string }

/** Numbers of errors of JetStream (nats-server, `server/errors.json`). */
const FULL = new Set([
  10023, // insufficient resources
  10028, // memory of the account
  10047, // storage of the account
  10077, // the stream could not store it: the most messages or bytes
])
const TOO_LARGE = new Set([
  10054, // more than max_msg_size
  10097, // headers of more than 64 KiB
])
// Nothing passes until somebody puts it right, whatever their status says.
const WRONG = new Set([
  10039, // JetStream is not enabled for the account
  10074, // replicas without a cluster
])
// Passes by itself, whatever their status says.
const BUSY = new Set([
  10158, // a copy of the event is being stored
  10167, // too many requests
])

export const NO_STREAM = 'no stream takes the events: it is missing, or JetStream is not enabled'

/** An answer of JetStream as one of our errors. Its description names limits and streams, never what a message holds. */
export function apiError({ code, err_code: number, description }: ApiError): Error {
  const says = `NATS says "${description}" (${number})`
  if (FULL.has(number)) return new QueueFullError(says)
  if (TOO_LARGE.has(number)) return new MessageRefusedError(says)
  const passes = BUSY.has(number) || (code >= 500 && !WRONG.has(number))
  return passes ? new QueueUnavailableError(says) : new QueueRefusedError(says)
}

/** An error of the client as one of ours, by the first of its causes that says something. */
export function natsError(error: unknown): Error {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof JetStreamApiError) return apiError(cause.apiError())
    if (cause instanceof errors.InvalidArgumentError)
      return new MessageRefusedError('with its headers it has more bytes than max_payload of the server')
    if (cause instanceof errors.PermissionViolationError)
      // The subject may hold the key of an event.
      return new QueueRefusedError(`the user has no permission for this ${cause.operation}`)
    if (cause instanceof errors.AuthorizationError || cause instanceof errors.UserAuthenticationExpiredError)
      return new QueueRefusedError('NATS refuses the user: check its password, token or credentials', {
        cause,
      })
    if (cause instanceof errors.NoRespondersError) return new QueueRefusedError(NO_STREAM)
  }
  return connectionError(error)
}
