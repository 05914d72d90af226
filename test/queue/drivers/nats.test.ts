import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { createNatsQueue } from '../../../src/queue/drivers/nats.ts'
import { ceHeadersOf, readNats, startNats } from '../../brokers/nats.ts'
import { traceOf } from '../../brokers/trace.ts'
import { brokerContract } from '../broker-contract.ts'

const server = await startNats(t)
if (server !== null) {
  const address = `127.0.0.1:${server.port}`
  const managing = async <T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> => {
    const connection = await connect({ servers: address })
    try {
      return await work(await jetstreamManager(connection))
    } finally {
      await connection.close()
    }
  }

  brokerContract(t, {
    server,
    create: createNatsQueue,
    url: ({ host, port }) => new URL(`nats://${host}:${port}`),
    async read({ queueName, count }) {
      const messages = await readNats({ servers: address }, { stream: queueName, count })
      return messages.map(message => ({
        body: Buffer.from(message.data),
        headers: ceHeadersOf(message),
        trace: traceOf(Object.fromEntries(message.headers ?? [])),
      }))
    },
    survivesKill: true,
    largest: 1024 * 1024,
    refusals: {
      'the stream has its most messages': {
        code: 'ERR_QUEUE_FULL',
        refuse: async name => void (await managing(({ streams }) => streams.update(name, { max_msgs: 1 }))),
      },
      'the stream has its most bytes': {
        code: 'ERR_QUEUE_FULL',
        refuse: async name => void (await managing(({ streams }) => streams.update(name, { max_bytes: 1 }))),
      },
      'the stream is gone': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: async name => void (await managing(({ streams }) => streams.delete(name))),
      },
      'the stream is sealed': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: async name =>
          void (await managing(({ streams }) => streams.update(name, { sealed: true } as object))),
      },
    },
  })
}
