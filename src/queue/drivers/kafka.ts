import { QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions, QueueDriver } from '../types.ts'
import { createCluster } from './kafka-cluster.ts'
import { queueError } from './kafka-errors.ts'
import { recordOf } from './kafka-records.ts'
import { createSender } from './kafka-sender.ts'
import { kafkaSettings } from './kafka-settings.ts'
import { linkedQueue } from './linked-queue.ts'

/**
 * Publishes to a topic of a Kafka cluster: acks=all, idempotent, in the partition of the key. `url` is
 * `kafka://host:port` or `kafkas://…` (TLS). Throws ConfigError.
 */
export function createKafkaQueue(options: BrokerOptions): QueueDriver {
  const { queueName: topic, timeout, ensure, log } = options
  const settings = kafkaSettings(options)

  return linkedQueue({
    name: 'kafka',
    deduplicates: false,
    timeout,
    log,
    // Leaders may change, which takes longer, without a new connection.
    watchesItself: true,
    async open({ signal, failures, onLost }) {
      signal.throwIfAborted()
      // Another broker first each time: one that accepts and never answers must not hide the others.
      const [...brokers] = settings.brokers
      brokers.unshift(...brokers.splice(failures % brokers.length))
      const cluster = createCluster({ ...settings, brokers }, { topic, ensure, timeout })
      signal.addEventListener('abort', () => void cluster.destroy())
      try {
        const sender = createSender({ ...(await cluster.open()), cluster, topic, timeout, onLost })
        const close = () => {
          sender.end(new QueueUnavailableError('it is closed'))
          return cluster.destroy()
        }
        return {
          publish(message, flight) {
            sender.send(recordOf(topic, message)).then(() => flight.confirm('accepted'), flight.fail)
          },
          close,
          destroy: () => void close(),
        }
      } catch (error) {
        await cluster.destroy()
        throw queueError(topic, error)
      }
    },
  })
}
