import t from 'tap'
import { readRabbitmq, startRabbitmq } from '../brokers/rabbitmq.ts'
import type { Server } from '../brokers/server.ts'
import { brokerOutage } from './outage.ts'

const url = ({ port }: Server) => `amqp://guest:guest@127.0.0.1:${port}`

brokerOutage(t, {
  start: startRabbitmq,
  queueUrl: url,
  read: (server, at) => readRabbitmq(url(server))(at),
  deduplicates: false,
})
