import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { isDenied, isMissing } from './sqs-errors.ts'
import type { SqsSettings } from './sqs-settings.ts'

/** A queue that is there. `limit`: the most bytes of a message; `batch`: of those that are sent together. */
export type SqsQueue = { url: string; limit: number; batch: number }

type Send = SQSClient['send']

// Since August 2025, where a queue does not say less of itself.
const LARGEST = 1_048_576
// What every queue takes, whatever its age.
const LEAST = 262_144
const FIFO = {
  FifoQueue: 'true',
  // Thousands of messages a second rather than 300: the same event always has the same key.
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
}
// The longest there is: 14 days, in seconds.
const RETENTION = { MessageRetentionPeriod: '1209600' }

/** Finds the queue, or creates it when it may. Throws the SDK's errors. */
export async function findQueue(
  { name, url, fifo }: SqsSettings,
  { ensure, send }: { ensure: boolean; send: Send },
): Promise<SqsQueue> {
  let found: string | undefined
  try {
    found = url ?? (await send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl
    return await describe(found)
  } catch (error) {
    if (!ensure || !isMissing(error)) throw error
  }
  const Attributes = { ...RETENTION, ...(fifo && FIFO) }
  const { QueueUrl } = await send(new CreateQueueCommand({ QueueName: name, Attributes }))
  return describe(url ?? QueueUrl)

  async function describe(QueueUrl = ''): Promise<SqsQueue> {
    const largest = await maximum(QueueUrl)
    return { url: QueueUrl, limit: largest ?? LARGEST, batch: largest ?? LEAST }
  }

  /** Undefined when the queue does not let itself be asked. */
  async function maximum(QueueUrl: string): Promise<number | undefined> {
    try {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['MaximumMessageSize'] })
      const { Attributes } = await send(command)
      return Number(Attributes?.MaximumMessageSize) || undefined
    } catch (error) {
      if (!isDenied(error)) throw error
    }
  }
}
