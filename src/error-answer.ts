import { STATUS_CODES } from 'node:http'
import { BodyTooLargeError, ContentTypeError, InternalError } from './errors.ts'

/** The body of every refusal: Fastify's shape with a stable code. */
export type ErrorAnswer = { statusCode: number; code: string; error: string | undefined; message: string }

/** What Fastify refuses by itself, in this service's own terms. */
const OWN_TERMS: Record<string, () => Error & { code: string; statusCode?: number }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new BodyTooLargeError(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new ContentTypeError(),
}

/**
 * What the caller is told of an error. One without a code and a status of its own is a fault of this service, of which
 * the caller learns nothing more.
 */
export function errorAnswer(cause: Error & { code?: string; statusCode?: number }): ErrorAnswer {
  const { code, statusCode, message } = OWN_TERMS[cause.code ?? '']?.() ?? cause
  if (code === undefined || statusCode === undefined) return errorAnswer(new InternalError())
  return { statusCode, code, error: STATUS_CODES[statusCode], message }
}
