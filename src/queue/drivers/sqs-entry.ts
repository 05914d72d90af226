import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import { createHash } from 'node:crypto'
import { MessageRefusedError } from '../../errors.ts'
import { CONTENT_TYPE, traceHeadersOf } from '../attributes.ts'
import type { Attributes, QueueMessage } from '../types.ts'

/** An entry of a batch but for its id, and the bytes of it that SQS counts. */
export type SqsEntry = { entry: Omit<SendMessageBatchRequestEntry, 'Id'>; size: number }

// What SQS takes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
const TEXT = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]+$/u
const GROUP = /^[!-~]{1,128}$/
const TYPE = 'String'

/**
 * There may be ten with the content type and the trace: that one has the names which tracing in consumers looks for, and
 * `subject`, which is the partition key, and `datacontenttype`, always the same, are in the body alone.
 */
const ATTRIBUTES = [
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'partitionkey',
  'receivedat',
] as const satisfies (keyof Attributes)[]

/** The entry of a message. Throws MessageRefusedError when SQS cannot take it; `limit` in bytes. */
export function entryOf(message: QueueMessage, { fifo, limit }: { fifo: boolean; limit: number }): SqsEntry {
  const MessageBody = message.body.toString()
  if (!TEXT.test(MessageBody))
    throw new MessageRefusedError('it has control characters that SQS does not take')
  const MessageAttributes: Record<string, MessageAttributeValue> = {}
  let size = message.body.length
  const add = (name: string, StringValue: string) => {
    // What is empty, or what SQS does not take, is in the body nevertheless.
    if (!TEXT.test(StringValue)) return
    MessageAttributes[name] = { DataType: TYPE, StringValue }
    size += name.length + TYPE.length + Buffer.byteLength(StringValue)
  }
  const attributes = message.attributes
  add('content-type', CONTENT_TYPE)
  for (const name of ATTRIBUTES) add(`ce_${name}`, attributes[name])
  for (const [name, value] of traceHeadersOf(attributes)) add(name, value)
  if (size > limit)
    throw new MessageRefusedError(`with its attributes it has ${size} bytes, and the queue takes ${limit}`)
  const order = { MessageGroupId: groupOf(message.partitionKey), MessageDeduplicationId: message.id }
  return { entry: { MessageBody, MessageAttributes, ...(fifo && order) }, size }
}

/** The message group of a key: the key itself where SQS takes it as one, else its digest. */
export function groupOf(key: string): string {
  return GROUP.test(key) ? key : createHash('sha256').update(JSON.stringify(key)).digest('hex')
}
