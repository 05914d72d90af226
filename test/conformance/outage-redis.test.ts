import t from 'tap'
import { readRedis, startRedis } from '../brokers/redis.ts'
import { brokerOutage } from './outage.ts'

brokerOutage(t, {
  start: startRedis,
  queueUrl: ({ port }) => `redis://127.0.0.1:${port}`,
  read: readRedis,
  deduplicates: true,
})
