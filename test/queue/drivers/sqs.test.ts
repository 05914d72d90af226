import t from 'tap'
import { createSqsQueue } from '../../../src/queue/drivers/sqs.ts'
import { readSqs, startSqs } from '../../brokers/sqs.ts'
import { brokerContract } from '../broker-contract.ts'

const server = await startSqs(t)
if (server) {
  brokerContract(t, {
    server,
    create: createSqsQueue,
    url: ({ host, port }) => new URL(`sqs://us-east-1?endpoint=http://${host}:${port}`),
    read: at => readSqs(server, at),
    survivesKill: true,
    largest: 1_048_576,
  })
}
