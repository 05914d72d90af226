import { Admin, initProducerIdV1, ResponseError, type Broker, type Connection } from '@platformatic/kafka'
import { setTimeout as sleep } from 'node:timers/promises'
import { QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import { isPassing, isUnknownTopic } from './kafka-errors.ts'
import type { Producer } from './kafka-records.ts'
import type { KafkaSettings } from './kafka-settings.ts'

/** The broker that leads each partition of the topic, by the partition's number; -1 while it has none. */
export type Leaders = number[]

/** Connections to the brokers of a cluster, and what they say of the topic. Rejects with the errors of the client. */
export type Cluster = {
  /** Finds the topic, or creates it, and asks for a producer. Tries until it is destroyed. Throws QueueRefusedError when it is missing and may not be created. */
  open: () => Promise<{ leaders: Leaders; producer: Producer }>
  leaders: () => Promise<Leaders>
  connection: (broker: number) => Promise<Connection>
  /** Asks for a new producer, which no broker has seen yet. */
  producer: () => Promise<Producer>
  /** Ends every connection now, whatever is in flight. */
  destroy: () => Promise<void>
}

/** Prepares a client; nothing is connected yet. A request, or a connection, may take `timeout` ms. */
export function createCluster(
  { brokers: bootstrapBrokers, sasl, tls, topic: creation }: KafkaSettings,
  { topic, ensure, timeout }: { topic: string; ensure: boolean; timeout: number },
): Cluster {
  const client = new Admin({
    clientId: 'jelou-receiver',
    bootstrapBrokers,
    connectTimeout: timeout,
    requestTimeout: timeout,
    timeout,
    retries: 0,
    ...(sasl && { sasl }),
    ...(tls && { tls, tlsServerName: true }),
  })
  // A connection that fails twice would end the process: the pool listens to the first failure only.
  client.connections.on('connecting', ({ connection }) => void connection.on('error', () => {}))
  let brokers = new Map<number, Broker>()

  async function leaders(): Promise<Leaders> {
    try {
      const metadata = await client.metadata({ topics: [topic], forceUpdate: true })
      brokers = metadata.brokers
      return (metadata.topics.get(topic)?.partitions ?? []).map(({ leader }) => leader)
    } catch (error) {
      // One partition without a leader is an error to the client, though the others have theirs.
      const answer = partialAnswer(error)
      if (answer === undefined) throw error
      brokers = new Map(answer.brokers.map(broker => [broker.nodeId, broker]))
      const found: Leaders = []
      for (const { partitionIndex, leaderId } of answer.partitions) found[partitionIndex] = leaderId
      return found
    }
  }

  async function connection(id: number | undefined): Promise<Connection> {
    const broker = brokers.get(id ?? -1)
    if (broker === undefined) throw new QueueUnavailableError('a partition has no leader')
    return client.connections.get(broker)
  }

  async function create(): Promise<void> {
    const { partitions, replication: replicas, configs } = creation
    try {
      await client.createTopics({ topics: [topic], partitions, replicas, configs })
    } catch (error) {
      if (!isExisting(error)) throw error
    }
  }

  async function producer(): Promise<Producer> {
    const found = await connection(brokers.keys().next().value)
    const { producerId: id, producerEpoch: epoch } = await initProducerIdV1.api.async(found, null, timeout)
    return { id, epoch }
  }

  return {
    leaders,
    connection,
    producer,
    async open() {
      // A broker that has just begun, or a topic that was just created, takes a moment; whoever opens this ends it.
      for (let created = false; ; await sleep(50))
        try {
          return { leaders: await leaders(), producer: await producer() }
        } catch (error) {
          if (client.closed) throw error
          if (isUnknownTopic(error)) {
            if (!ensure)
              throw new QueueRefusedError(`there is no topic ${topic}: create it, or set QUEUE_ENSURE=true`, {
                cause: error,
              })
            if (!created) await create()
            created = true
          } else if (!isPassing(error)) throw error
        }
    },
    async destroy() {
      // What waits to be written to a broker that takes nothing would keep its connection open.
      for (const [, { socket }] of client.connections) socket.destroy()
      await client.close()
    },
  }
}

type Metadata = {
  brokers: (Broker & { nodeId: number })[]
  topics: { errorCode: number; partitions: { partitionIndex: number; leaderId: number }[] }[]
}

function partialAnswer(error: unknown) {
  if (!(error instanceof ResponseError)) return undefined
  const { brokers, topics } = (error as unknown as { response: Metadata }).response
  const [topic] = topics
  return topic?.errorCode === 0 ? { brokers, partitions: topic.partitions } : undefined
}

function isExisting(error: unknown): boolean {
  return (
    (error as { errors?: { apiId?: string }[] }).errors?.some(
      ({ apiId }) => apiId === 'TOPIC_ALREADY_EXISTS',
    ) ?? false
  )
}
