import t from 'tap'
import { createKafkaQueue } from '../../../src/queue/drivers/kafka.ts'
import { readKafka, startKafka } from '../../brokers/kafka.ts'
import { brokerContract } from '../broker-contract.ts'

const server = await startKafka(t)
if (server) {
  brokerContract(t, {
    server,
    create: createKafkaQueue,
    url: ({ host, port }) => new URL(`kafka://${host}:${port}`),
    ...(server.proxied && { proxied: server.proxied }),
    read: at => readKafka(server, at),
    survivesKill: true,
    largest: 2_097_152,
  })
}
