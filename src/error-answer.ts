import { STATUS_CODES } from 'node:http'
import {
  BodyTooLargeError,
  ContentTypeError,
  InternalError,
  MalformedRequestError,
  RequestCutError,
} from './errors.ts'

/** The body of every refusal: Fastify's shape with a stable code. */
export type ErrorAnswer = { statusCode: number; code: string; error: string | undefined; message: string }

type Coded = Error & { code: string; statusCode: number }

/** What Fastify refuses by itself, in this service's own terms. */
const OWN_TERMS: Record<string, Coded> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new BodyTooLargeError(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new ContentTypeError(),
  ECONNRESET: new RequestCutError(),
}
const MALFORMED = new MalformedRequestError()

const INTERNAL = new InternalError()

/**
 * What the caller is told of an error. One without a code and a status of its own is a fault of this service, of which
 * the caller learns nothing more.
 */
export function errorAnswer(cause: Error & { code?: string; statusCode?: number }): ErrorAnswer {
  const { statusCode, code, message } = isCoded(cause) ? inOwnTerms(cause) : INTERNAL
  return { statusCode, code, error: STATUS_CODES[statusCode], message }
}

function isCoded(cause: Error & { code?: string; statusCode?: number }): cause is Coded {
  return cause.code !== undefined && cause.statusCode !== undefined
}

/** What else Fastify refuses is the fault of the request, or its own, which is ours. */
function inOwnTerms(cause: Coded): Coded {
  const own = OWN_TERMS[cause.code]
  if (own !== undefined || !cause.code.startsWith('FST_')) return own ?? cause
  return cause.statusCode < 500 ? MALFORMED : INTERNAL
}
