import type { IncomingMessage } from 'node:http'
import type { FastifyError } from '@fastify/error'
import { ExpectationError, MalformedRequestError } from '../errors.ts'

/**
 * Why a request that Node's parser took is refused before anything looks at it: a version that this is not (the parser takes 0.9 and 2.0),
 * no `Host` or two of them (RFC 9112, 3.2), a coding of the message other than `chunked`, or one in HTTP/1.0, which does not
 * know it (RFC 9112, 6.1): a proxy in front may read such a request otherwise than this service does. Undefined: nothing is wrong.
 */
export function refusalOf({ httpVersion, headers, rawHeaders }: IncomingMessage): FastifyError | undefined {
  const isCurrent = httpVersion === '1.1'
  if (!isCurrent && httpVersion !== '1.0') return new MalformedRequestError()
  const hosts = countOf('host', rawHeaders)
  if (hosts > 1 || (isCurrent && hosts === 0)) return new MalformedRequestError()
  const coding = headers['transfer-encoding']
  if (coding !== undefined && !(isCurrent && coding.toLowerCase() === 'chunked'))
    return new MalformedRequestError()
  if (isCurrent && headers.expect !== undefined && !isContinue(headers.expect)) return new ExpectationError()
  return undefined
}

/** Whether the caller sends its body, if it has one, only once it is told to (RFC 9110, 10.1.1; HTTP/1.0 does not know that). */
export function expectsContinue({ headers, httpVersion }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
  return hasBody && httpVersion === '1.1' && isContinue(headers.expect)
}

function isContinue(expected: string | undefined): boolean {
  return expected?.toLowerCase() === '100-continue'
}

/** Node keeps the first of two `Host` headers and says nothing: only the raw ones show them. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i]
    if (header?.length === name.length && header.toLowerCase() === name) count++
  }
  return count
}
