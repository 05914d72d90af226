import { DeleteMessageBatchCommand, GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { sqsClient, startSqs } from '../../brokers/sqs.ts'
import { deliveredOf, type Delivered, type Engine } from './engine.ts'

const READERS = 4

/** A FIFO queue, which keeps the order of each conversation. */
export const sqs: Engine = {
  start: startSqs,
  queueUrl: port => `sqs://us-east-1?endpoint=http://127.0.0.1:${port}`,
  queueName: unique => `${unique}.fifo`,
  reader: (server, QueueName) => async () => {
    const all: Delivered[] = []
    const client = sqsClient(server)
    try {
      const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName }))
      const take = async (): Promise<void> => {
        for (;;) {
          const { Messages = [] } = await client.send(
            new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
          )
          if (Messages.length === 0) return
          all.push(...Messages.map(({ Body = '' }) => deliveredOf(Body)))
          const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
          await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
        }
      }
      // While some of a group are out, none of that group is given to anybody else.
      await Promise.all(Array.from({ length: READERS }, take))
      return all
    } finally {
      client.destroy()
    }
  },
  // What reaches it again after the five minutes that it remembers, or after it was killed.
  repeats: true,
  environment: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
}
