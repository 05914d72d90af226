import { QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import { untrusted } from './causes.ts'

/**
 * Why a broker cannot be reached, as an error of ours: QueueRefusedError when TLS is set up wrongly, else
 * QueueUnavailableError. One of ours stays as it is. Only the code is shown: the messages of clients may hold the URL.
 */
export function connectionError(cause: unknown): Error {
  const code = codeOf(cause)
  if (code.startsWith('ERR_QUEUE_')) return cause as Error
  const distrust = untrusted(cause)
  if (distrust !== undefined)
    return new QueueRefusedError(`TLS fails with ${distrust}, check the certificates of both sides`, {
      cause,
    })
  return new QueueUnavailableError(`the connection failed${code && ` (${code})`}`, { cause })
}

/** The code of an error, or of what caused it; empty when there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}
