import t from 'tap'
import { readBullmq, startRedis } from '../brokers/redis.ts'
import { brokerOutage } from './outage.ts'

brokerOutage(t, {
  start: startRedis,
  queueUrl: ({ port }) => `bullmq://127.0.0.1:${port}`,
  read: readBullmq,
  deduplicates: true,
})
