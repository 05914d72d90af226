import { QueueOverloadedError } from '../../errors.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver } from '../types.ts'
import { createCluster, type Cluster } from './kafka-cluster.ts'
import { queueError } from './kafka-errors.ts'
import { recordOf } from './kafka-records.ts'
import { createSender, type Sender } from './kafka-sender.ts'
import { kafkaSettings } from './kafka-settings.ts'
import { createSessions } from './session.ts'

type Session = { cluster: Cluster; sender: Sender }

const MAX_IN_FLIGHT = 10_000

/**
 * Publishes to a topic of a Kafka cluster: acks=all, idempotent, in the partition of the key. `url` is
 * `kafka://host:port` or `kafkas://…` (TLS). Throws ConfigError.
 */
export function createKafkaQueue(options: BrokerOptions): QueueDriver {
  const { queueName: topic, timeout, ensure, log } = options
  const settings = kafkaSettings(options)
  const inFlight = new Set<Promise<void>>()
  let attempts = 0

  const sessions = createSessions<Session>({
    name: 'Kafka',
    log,
    async open(signal, lose) {
      // Another broker first each time: one that accepts and never answers must not hide the others.
      const [...brokers] = settings.brokers
      brokers.unshift(...brokers.splice(attempts++ % brokers.length))
      const cluster = createCluster({ ...settings, brokers }, { topic, ensure, timeout })
      const giveUp = () => void cluster.destroy()
      const timer = setTimeout(giveUp, timeout)
      signal.addEventListener('abort', giveUp)
      const opened = cluster.open().finally(() => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      })
      try {
        return {
          cluster,
          sender: createSender({ ...(await opened), cluster, topic, timeout, onLost: lose }),
        }
      } catch (error) {
        await cluster.destroy()
        throw queueError(topic, error)
      }
    },
    end({ cluster, sender }, error) {
      sender.end(error)
      return cluster.destroy()
    },
  })

  return {
    name: 'kafka',
    deduplicates: false,
    connect: sessions.connect,
    async publish(message): Promise<PublishOutcome> {
      const { sender } = sessions.current()
      if (inFlight.size >= MAX_IN_FLIGHT) throw new QueueOverloadedError('Kafka confirms too slowly')
      const sent = sender.send(recordOf(topic, message))
      inFlight.add(sent)
      try {
        await sent
        return 'accepted'
      } finally {
        inFlight.delete(sent)
      }
    },
    health: sessions.health,
    close: () => sessions.close(() => Promise.allSettled(inFlight)),
  }
}
