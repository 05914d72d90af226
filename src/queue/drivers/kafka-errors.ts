import { MessageRefusedError, QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import { causes, untrusted } from './causes.ts'

/** What to do about a batch that a partition did not take, by Kafka's error code. */
export type Remedy = 'split' | 'renew' | 'refuse' | 'retry'

// https://kafka.apache.org/protocol#protocol_error_codes
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'])
const PRODUCER_LOST = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
])
const REFUSED: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'give the user the rights to describe and to write the topic',
  CLUSTER_AUTHORIZATION_FAILED: 'give the user the right to create topics, or create the topic',
  SASL_AUTHENTICATION_FAILED: 'check the user and the password in QUEUE_URL',
  UNSUPPORTED_SASL_MECHANISM: 'check ?sasl= in QUEUE_URL',
  ILLEGAL_SASL_STATE: 'check ?sasl= in QUEUE_URL',
  INVALID_TOPIC_EXCEPTION: 'choose another QUEUE_NAME',
  INVALID_REPLICATION_FACTOR: 'check ?replication= in QUEUE_URL, and that enough brokers run',
  INVALID_PARTITIONS: 'check ?partitions= in QUEUE_URL',
  INVALID_CONFIG: 'check the settings of the topic in QUEUE_URL',
  POLICY_VIOLATION: 'a policy of the cluster forbids it',
  INVALID_TIMESTAMP: "the clocks differ by more than the topic's message.timestamp limits allow",
  UNSUPPORTED_VERSION: 'the brokers are older than Kafka 0.11, or newer than this client',
}
const AUTHENTICATION = 'PLT_KFK_AUTHENTICATION'

/** The remedy for an error of a partition. */
export function remedyFor(id: string): Remedy {
  if (TOO_LARGE.has(id)) return 'split'
  if (PRODUCER_LOST.has(id)) return 'renew'
  return id in REFUSED ? 'refuse' : 'retry'
}

/** The error of a message that the topic will never take. */
export function messageRefused(topic: string, id: string): Error {
  return new MessageRefusedError(
    id === 'INVALID_RECORD'
      ? `the topic ${topic} finds it invalid`
      : `it is larger than max.message.bytes of the topic ${topic}`,
  )
}

/** What an error of the client, or of a broker's answer, means to us. `topic` names the topic. */
export function queueError(topic: string, cause: unknown): Error {
  if (isUnknownTopic(cause))
    return new QueueRefusedError(`Kafka has no topic ${topic}: create it, or set QUEUE_ENSURE=true`, {
      cause,
    })
  const found = causes(cause)
  const codes = found.flatMap(({ apiId, code }) => [apiId, code]).filter(code => typeof code === 'string')
  const refused = codes.find(code => code in REFUSED)
  if (refused !== undefined)
    return new QueueRefusedError(`Kafka answers ${refused} for ${topic}: ${REFUSED[refused]}`, { cause })
  if (codes.includes(AUTHENTICATION))
    return new QueueRefusedError('Kafka refuses the user, the password or the mechanism in QUEUE_URL', {
      cause,
    })
  const distrust = untrusted(cause)
  if (distrust !== undefined)
    return new QueueRefusedError(`no TLS connection to Kafka (${distrust}): check the certificates`, {
      cause,
    })
  if (found.some(({ message }) => message === 'Broker requires TLS.'))
    return new QueueRefusedError('Kafka requires TLS there: use kafkas://', { cause })
  const reason = codes.findLast(code => !code.startsWith('PLT_')) ?? 'no answer'
  return new QueueUnavailableError(`Kafka: ${reason}`, { cause })
}

/** Whether the cluster says that it does not know the topic. */
export function isUnknownTopic(error: unknown): boolean {
  // In these words the client tells it.
  return causes(error).some(({ message }) => message?.startsWith('Unknown topic '))
}

/** Whether a broker answers this. */
export function isAnswer(error: unknown, id: string): boolean {
  return causes(error).some(({ apiId }) => apiId === id)
}

/** Throws the error again unless a broker answers that it will do it later. */
export function throwUnlessPassing(error: unknown): void {
  if (!causes(error).some(({ apiId, canRetry }) => apiId !== undefined && canRetry === true)) throw error
}
