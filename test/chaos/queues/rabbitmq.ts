import { Connection } from 'rabbitmq-client'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRabbitmq } from '../../brokers/rabbitmq.ts'
import { deliveredOf, type Delivered, type Engine } from './engine.ts'

const URL = (port: number): string => `amqp://guest:guest@127.0.0.1:${port}`
/**
 * When nothing came for so long there is nothing, in ms. A broker that has just started pauses for longer than others, and what a consumer is
 * given and leaves comes back behind what follows it: the disorder would be this reader's.
 */
const SILENCE = 4_000

export const rabbitmq: Engine = {
  start: startRabbitmq,
  queueUrl: URL,
  reader: (server, queue) => async () => {
    const all: Delivered[] = []
    const connection = new Connection({ url: URL(server.port), noDelay: true, retryLow: 100, retryHigh: 500 })
    connection.on('error', () => {})
    try {
      let last = performance.now()
      const options = { queue, queueOptions: { passive: true }, qos: { prefetchCount: 500 } }
      const consumer = connection.createConsumer(options, ({ body }) => {
        all.push(deliveredOf(body))
        last = performance.now()
      })
      consumer.on('error', () => {})
      while (performance.now() - last < SILENCE) await sleep(SILENCE / 4)
      await consumer.close()
      return all
    } finally {
      await connection.close()
    }
  },
  repeats: true,
}
