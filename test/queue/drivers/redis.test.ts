import t from 'tap'
import { createRedisQueue } from '../../../src/queue/drivers/redis.ts'
import { asked, readRedis, startRedis } from '../../brokers/redis.ts'
import { brokerContract } from '../broker-contract.ts'

const server = await startRedis(t, { args: ['--proto-max-bulk-len', '1mb'] })

if (server !== null)
  brokerContract(t, {
    server,
    create: createRedisQueue,
    url: ({ host, port }) => new URL(`redis://${host}:${port}`),
    read: at => readRedis(server, at),
    survivesKill: true,
    largest: 1_048_576,
    refusals: {
      'something else has the name of the stream': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: queueName =>
          asked(server, async client => {
            await client.del(queueName)
            await client.set(queueName, 'text')
          }),
      },
    },
  })
