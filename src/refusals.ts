import { STATUS_CODES } from 'node:http'
import type { FastifyErrorConstructor } from '@fastify/error'
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
  NotRegisteredError,
  OverloadedError,
  QueueFullError,
  QueueOverloadedError,
  QueueUnavailableError,
  RequestCutError,
  SignatureInvalidError,
  SourceNotAllowedError,
} from './errors.ts'

/** Headers of an answer, as JSON Schema by name. */
export type Headers = Record<string, object>

type Refusal = FastifyErrorConstructor<{ code: string; statusCode?: number }, never[]>

/** Why a request to the webhook is refused, in the order of the checks. */
export const WEBHOOK_REFUSALS: readonly Refusal[] = [
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
  QueueUnavailableError,
  QueueFullError,
  QueueOverloadedError,
  InternalError,
]

/**
 * The answers of these errors, as a part of a route's `schema.response`: JSON Schema of what errorAnswer makes of them, by status,
 * each with the headers of that status.
 */
export function refusals(
  errors: readonly Refusal[],
  headers: Record<number, Headers> = {},
): Record<string, object> {
  const answers = Object.groupBy(
    errors.map(ErrorClass => new ErrorClass()),
    error => String(error.statusCode),
  )
  return Object.fromEntries(
    Object.entries(answers).map(([status, same = []]) => [
      status,
      {
        description: same.map(({ code, message }) => described(code, message)).join('\n\n'),
        ...(headers[Number(status)] && { headers: headers[Number(status)] }),
        type: 'object',
        properties: {
          statusCode: { type: 'integer', const: Number(status) },
          code: { type: 'string', enum: same.map(({ code }) => code) },
          error: { type: 'string', const: STATUS_CODES[status] },
          message: { type: 'string', description: 'For people; may change' },
        },
        required: ['statusCode', 'code', 'error', 'message'],
        additionalProperties: false,
      },
    ]),
  )
}

/** A message that is different each time says so itself. */
function described(code: string, message: string): string {
  return `\`${code}\`: ${message === '%s' ? 'the message names what is wrong' : message.replace('%s', '…')}`
}
