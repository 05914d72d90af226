import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startNats } from '../../brokers/nats.ts'
import { deliveredOf, type Delivered, type Engine } from './engine.ts'

export const nats: Engine = {
  start: owner => startNats(owner),
  queueUrl: port => `nats://127.0.0.1:${port}`,
  reader(server, stream) {
    let next = 1
    return async () => {
      const connection = await connect({ servers: `127.0.0.1:${server.port}` })
      try {
        const { state } = await (await jetstreamManager(connection)).streams.info(stream)
        const all: Delivered[] = []
        if (state.last_seq < next) return all
        const consumer = await jetstream(connection).consumers.get(stream, { opt_start_seq: next })
        while (next <= state.last_seq)
          for await (const message of await consumer.fetch({ max_messages: 1_000, expires: 2_000 })) {
            all.push(deliveredOf(message.data))
            next = message.seq + 1
            if (next > state.last_seq) break
          }
        return all
      } finally {
        await connection.close()
      }
    }
  },
  repeats: false,
}
