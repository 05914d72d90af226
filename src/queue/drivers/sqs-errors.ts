import { MessageRefusedError, QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import { causes, untrusted } from './causes.ts'

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html; the older names are those of the query protocol.
const CREDENTIALS = 'check the credentials'
const RIGHTS =
  'give it the rights sqs:SendMessage, sqs:GetQueueUrl, sqs:GetQueueAttributes and, to create it, sqs:CreateQueue'
const MISSING = 'there is no such queue: create it, or set QUEUE_ENSURE=true'
const REFUSED: Readonly<Record<string, string>> = {
  AccessDenied: RIGHTS,
  AccessDeniedException: RIGHTS,
  QueueDoesNotExist: MISSING,
  'AWS.SimpleQueueService.NonExistentQueue': MISSING,
  QueueNameExists: 'there is such a queue with other attributes',
  CredentialsProviderError: 'no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role',
  ExpiredToken: CREDENTIALS,
  ExpiredTokenException: CREDENTIALS,
  IncompleteSignature: CREDENTIALS,
  InvalidClientTokenId: CREDENTIALS,
  InvalidSignatureException: CREDENTIALS,
  MissingAuthenticationToken: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  TokenProviderError: CREDENTIALS,
  UnrecognizedClientException: CREDENTIALS,
  OptInRequired: CREDENTIALS,
  RequestExpired: 'check the clock',
  RequestTimeTooSkewed: 'check the clock',
  InvalidAddress: 'check the address of the queue',
  InvalidSecurity: 'use https',
  UnsupportedOperation: 'check the kind of the queue',
}
const BUSY = /Throttl|OverLimit|TooManyRequests|ServiceUnavailable|InternalError|InternalFailure/i
// A queue that does not let itself be asked for its limit says it only so.
const TOO_LONG = /BatchRequestTooLong$/

/** What an error of the SDK means. `queue` names the queue. */
export function queueError(queue: string, cause: unknown): Error {
  if (cause instanceof QueueRefusedError) return cause
  const names = namesOf(cause)
  const busy = names.find(name => BUSY.test(name))
  if (busy !== undefined) return new QueueUnavailableError(`SQS: ${busy}`, { cause })
  const refused = names.find(name => name in REFUSED || name.startsWith('Kms'))
  if (refused !== undefined) {
    const advice = REFUSED[refused] ?? 'check the key that encrypts the queue'
    return new QueueRefusedError(`SQS answers ${refused} for ${queue}: ${advice}`, { cause })
  }
  if (causes(cause).some(({ message }) => message === 'Region is missing'))
    return new QueueRefusedError('SQS needs a region: sqs://REGION, ?region= or AWS_REGION', { cause })
  const distrust = untrusted(cause)
  if (distrust !== undefined)
    return new QueueRefusedError(`no TLS connection to SQS (${distrust}): check the certificates`, { cause })
  return new QueueUnavailableError(`SQS: ${names.find(name => name !== 'Error') ?? 'no answer'}`, { cause })
}

/** What an error of the SDK means for a request of so many entries. */
export function requestError(queue: string, cause: unknown, entries: number): Error {
  return entries === 1 && namesOf(cause).some(name => TOO_LONG.test(name))
    ? new MessageRefusedError('it is larger than SQS takes', { cause })
    : queueError(queue, cause)
}

/** What SQS says of one entry of a batch. */
export function entryError(
  queue: string,
  { Code = 'no answer', SenderFault }: { Code?: string | undefined; SenderFault?: boolean | undefined },
): Error {
  if (!SenderFault || BUSY.test(Code)) return new QueueUnavailableError(`SQS: ${Code}`)
  const error = queueError(queue, { name: Code })
  return error instanceof QueueRefusedError ? error : new MessageRefusedError(`SQS answers ${Code}`)
}

/** Whether the server as a whole is away or busy, rather than that it answers that something is wrong. */
export function isBusy(error: unknown): boolean {
  return namesOf(error).some(name => BUSY.test(name))
}

/** Whether there is no such queue. */
export function isMissing(error: unknown): boolean {
  return namesOf(error).some(name => REFUSED[name] === MISSING)
}

/** Whether the credentials do not give the right. */
export function isDenied(error: unknown): boolean {
  return namesOf(error).some(name => REFUSED[name] === RIGHTS)
}

function namesOf(error: unknown): string[] {
  return causes(error)
    .flatMap(({ name, code, Code }) => [name, Code, code])
    .filter(name => typeof name === 'string')
}
