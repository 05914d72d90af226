import t from 'tap'
import { createBullmqQueue } from '../../../src/queue/drivers/bullmq.ts'
import { asked, readBullmq, startRedis } from '../../brokers/redis.ts'
import { brokerContract } from '../broker-contract.ts'

const server = await startRedis(t, { args: ['--proto-max-bulk-len', '1mb'] })

if (server !== null)
  brokerContract(t, {
    server,
    create: createBullmqQueue,
    url: ({ host, port }) => new URL(`bullmq://${host}:${port}`),
    read: at => readBullmq(server, at),
    survivesKill: true,
    largest: 1_048_576,
    refusals: {
      'its list is something else': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: queueName =>
          asked(server, async client => {
            await client.del(`bull:${queueName}:wait`)
            await client.set(`bull:${queueName}:wait`, 'text')
          }),
      },
    },
  })
