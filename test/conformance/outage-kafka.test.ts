import t from 'tap'
import { readKafka, startKafka } from '../brokers/kafka.ts'
import { brokerOutage } from './outage.ts'

brokerOutage(t, {
  start: startKafka,
  queueUrl: ({ port }) => `kafka://127.0.0.1:${port}`,
  read: readKafka,
  deduplicates: false,
})
