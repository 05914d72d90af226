import { setTimeout as sleep } from 'node:timers/promises'
import { QueueOverloadedError, QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver } from '../types.ts'
import { createCluster, type Cluster } from './kafka-cluster.ts'
import { queueError } from './kafka-errors.ts'
import { recordOf } from './kafka-records.ts'
import { createSender, type Sender } from './kafka-sender.ts'
import { kafkaSettings } from './kafka-settings.ts'

const MAX_IN_FLIGHT = 10_000
const MIN_PAUSE = 100
const MAX_PAUSE = 5_000

/**
 * Publishes to a topic of a Kafka cluster: acks=all, idempotent, in the partition of the key. `url` is
 * `kafka://host:port` or `kafkas://…` (TLS). Throws ConfigError.
 */
export function createKafkaQueue(options: BrokerOptions): QueueDriver {
  const { queueName: topic, timeout, ensure, log } = options
  const settings = kafkaSettings(options)
  let session: { cluster: Cluster; sender: Sender } | undefined
  let opening: Promise<void> | undefined
  let closing = new AbortController()
  let problem: Error = new QueueUnavailableError('not connected')
  let attempts = 0
  const inFlight = new Set<Promise<void>>()

  async function open({ signal }: AbortController): Promise<void> {
    // Another broker first each time: one that accepts and never answers must not hide the others.
    const [...brokers] = settings.brokers
    brokers.unshift(...brokers.splice(attempts++ % brokers.length))
    const cluster = createCluster({ ...settings, brokers }, { topic, ensure, timeout })
    const giveUp = () => void cluster.destroy()
    const timer = setTimeout(giveUp, timeout)
    signal.addEventListener('abort', giveUp)
    try {
      const leaders = await cluster.open()
      const producer = await cluster.producer()
      const onLost = (error: Error) => lose(error)
      session = { cluster, sender: createSender({ cluster, topic, timeout, leaders, producer, onLost }) }
    } catch (error) {
      await cluster.destroy()
      throw (problem = queueError(error))
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
  }

  async function connect(): Promise<void> {
    if (session) return
    opening ??= open(closing).finally(() => (opening = undefined))
    return opening
  }

  function lose(error: Error): void {
    log.warn({ err: error }, 'Kafka is away')
    problem = error
    end(error)
    void reconnect(closing)
  }

  function end(error: Error): void {
    session?.sender.end(error)
    void session?.cluster.destroy()
    session = undefined
  }

  async function reconnect({ signal }: AbortController): Promise<void> {
    for (let pause = MIN_PAUSE; !signal.aborted; pause = Math.min(pause * 2, MAX_PAUSE)) {
      try {
        await sleep(pause, undefined, { signal })
        await connect()
        return log.info({}, 'Kafka is back')
      } catch {
        // Health tells why, and publish too.
      }
    }
  }

  return {
    name: 'kafka',
    deduplicates: false,
    connect,
    async publish(message): Promise<PublishOutcome> {
      if (session === undefined) throw problem
      if (inFlight.size >= MAX_IN_FLIGHT) throw new QueueOverloadedError('Kafka confirms too slowly')
      const sent = session.sender.send(recordOf(topic, message))
      inFlight.add(sent)
      try {
        await sent
        return 'accepted'
      } finally {
        inFlight.delete(sent)
      }
    },
    health: () => (session ? { ok: true } : { ok: false, reason: problem.message }),
    async close() {
      closing.abort()
      closing = new AbortController()
      const error = (problem = new QueueUnavailableError('closed'))
      const ending = session
      session = undefined
      await Promise.allSettled([opening, ...inFlight])
      ending?.sender.end(error)
      await ending?.cluster.destroy()
    },
  }
}
