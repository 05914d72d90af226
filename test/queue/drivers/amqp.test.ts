import { Connection } from 'rabbitmq-client'
import t from 'tap'
import { createAmqpQueue } from '../../../src/queue/drivers/amqp.ts'
import { headersOf, readRabbitmq, startRabbitmq } from '../../brokers/rabbitmq.ts'
import { traceOf } from '../../brokers/trace.ts'
import { brokerContract } from '../broker-contract.ts'

const url = (at: { host: string; port: number }) => new URL(`amqp://guest:guest@${at.host}:${at.port}`)

const server = await startRabbitmq(t)
if (server !== null) {
  const read = readRabbitmq(url(server).href)
  const administrator = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = new Connection(url(server).href)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  brokerContract(t, {
    server,
    create: createAmqpQueue,
    url,
    read: async at =>
      (await read(at)).map(message => ({
        body: message.body as Buffer,
        headers: headersOf(message),
        trace: traceOf(message.headers ?? {}),
      })),
    survivesKill: true,
    largest: 16 * 1024 * 1024,
    refusals: {
      'no queue is bound': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: queue =>
          administrator(connection => connection.queueUnbind({ queue, exchange: queue, routingKey: '#' })),
      },
      'the queue is full': {
        code: 'ERR_QUEUE_FULL',
        refuse: queue =>
          administrator(async connection => {
            await connection.queueDelete(queue)
            const limits = {
              'x-queue-type': 'quorum',
              'x-max-length': 1,
              'x-overflow': 'reject-publish',
            } as const
            await connection.queueDeclare({ queue, durable: true, arguments: limits })
            const publisher = connection.createPublisher({ confirm: true })
            try {
              for (;;) await publisher.send(queue, 'full')
            } catch {
              await publisher.close()
              await connection.queueBind({ queue, exchange: queue, routingKey: '#' })
            }
          }),
      },
    },
  })
}
