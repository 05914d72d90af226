import t from 'tap'
import { readNats, startNats } from '../brokers/nats.ts'
import { brokerOutage } from './outage.ts'

brokerOutage(t, {
  start: startNats,
  queueUrl: ({ port }) => `nats://127.0.0.1:${port}`,
  async read({ port }, { queueName, count }) {
    const messages = await readNats({ servers: `127.0.0.1:${port}` }, { stream: queueName, count })
    return messages.map(({ data }) => ({ body: Buffer.from(data) }))
  },
  deduplicates: true,
})
