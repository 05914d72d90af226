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
const OWN_TERMS: Record<string, Error> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new BodyTooLargeError(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new ContentTypeError(),
  ECONNRESET: new RequestCutError(),
}
const MALFORMED = new MalformedRequestError()

/**
 * What the caller is told of an error. One without a code and a status of its own is a fault of this service, of which
 * the caller learns nothing more.
 */
export function errorAnswer(cause: Error & { code?: string; statusCode?: number }): ErrorAnswer {
  const isCoded = cause.code !== undefined && cause.statusCode !== undefined
  const told = isCoded ? (OWN_TERMS[cause.code ?? ''] ?? inOwnTerms(cause)) : new InternalError()
  const { code, statusCode, message } = told as Coded
  return { statusCode, code, error: STATUS_CODES[statusCode], message }
}

/** Whatever else Fastify refuses is the request's fault, and else its own, which is ours. */
function inOwnTerms(cause: Error & { code?: string; statusCode?: number }): Error {
  if (!cause.code?.startsWith('FST_')) return cause
  return (cause.statusCode ?? 500) < 500 ? MALFORMED : new InternalError()
}
