import {
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { join } from 'node:path'
import type { Owner } from './owner.ts'
import { launch, type Server } from './server.ts'
import { traceOf } from './trace.ts'

const PROGRAM = new URL('fauxqs.ts', import.meta.url).pathname

/** Starts an SQS of its own, fauxqs, which keeps its messages in a file. Takes any credentials. */
export async function startSqs(t: Owner): Promise<Server | null> {
  process.env.AWS_ACCESS_KEY_ID ??= 'test'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test'
  return launch(t, {
    name: 'sqs',
    program: process.execPath,
    args: ({ port, folder }) => [PROGRAM, String(port), join(folder, 'data')],
    async ready({ host, port }) {
      await fetch(`http://${host}:${port}/health`)
    },
  })
}

/** A client of it. */
export function sqsClient({ host, port }: { host: string; port: number }): SQSClient {
  return new SQSClient({
    endpoint: `http://${host}:${port}`,
    region: 'us-east-1',
    useQueueUrlAsEndpoint: false,
  })
}

/** What was received of a queue so far, in the order in which it came. */
type Stored = { body: Buffer; headers: Record<string, string>; trace: Record<string, string> }
const received = new Map<string, Stored[]>()

/** All messages of a queue once there are `count`: received, deleted, and remembered here. Headers are the attributes without `ce_`. */
export async function readSqs(
  at: { host: string; port: number },
  { queueName, count }: { queueName: string; count: number },
) {
  const messages = received.get(queueName) ?? []
  received.set(queueName, messages)
  const client = sqsClient(at)
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }))
    // Once more when there are enough, so that nothing that is there is left unread.
    for (let last = -1; messages.length < count || messages.length !== last;) {
      last = messages.length
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      )
      for (const { Body = '', MessageAttributes = {} } of Messages) {
        const attributes = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [
          name,
          StringValue,
        ])
        const named = attributes.filter(([name]) => name?.startsWith('ce_'))
        messages.push({
          body: Buffer.from(Body),
          headers: Object.fromEntries(named.map(([name, value]) => [name?.slice(3), value])),
          trace: traceOf(Object.fromEntries(attributes)),
        })
      }
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
      if (Entries.length > 0) await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
    }
    return messages
  } finally {
    client.destroy()
  }
}
