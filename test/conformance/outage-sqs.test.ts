import t from 'tap'
import { readSqs, startSqs } from '../brokers/sqs.ts'
import { brokerOutage } from './outage.ts'

brokerOutage(t, {
  start: startSqs,
  queueUrl: ({ port }) => `sqs://us-east-1?endpoint=http://127.0.0.1:${port}`,
  read: readSqs,
  deduplicates: false,
  environment: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
})
