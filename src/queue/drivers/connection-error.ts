import { QueueRefusedError, QueueUnavailableError } from '../../errors.ts'

/** The codes of Node and OpenSSL for a certificate or a handshake that will fail again. */
const TLS = /EPROTO|CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY/

/**
 * Why a broker cannot be reached, as an error of ours: QueueRefusedError when TLS is set up wrongly, else
 * QueueUnavailableError. One of ours stays as it is. Only the code is shown: the messages of clients may hold the URL.
 */
export function connectionError(cause: unknown): Error {
  if (codeOf(cause).startsWith('ERR_QUEUE_')) return cause as Error
  const code = codeOf(cause)
  if (TLS.test(code))
    return new QueueRefusedError(`TLS fails with ${code}, check the certificates of both sides`, { cause })
  return new QueueUnavailableError(`the connection failed${code && ` (${code})`}`, { cause })
}

/** The code of an error, or of what caused it; empty when there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}
