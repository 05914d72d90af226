import { Admin, initProducerIdV1, type Broker, type Connection } from '@platformatic/kafka'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAnswer, isUnknownTopic, throwUnlessPassing } from './kafka-errors.ts'
import type { Producer } from './kafka-records.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { partialTopology, topologyOf } from './kafka-topology.ts'

/** The broker that leads each partition of the topic, by the partition's number; -1 while it has none. */
export type Leaders = number[]

/** Connections to the brokers of a cluster, and what they say of the topic. Rejects with the errors of the client. */
export type Cluster = {
  /** Finds the topic, or creates it, and asks for a producer. Tries until it is destroyed. */
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
    ...(tls && { tls }),
  })
  // A connection that fails twice would end the process: the pool listens to the first failure only.
  client.connections.on('connecting', ({ connection }) => void connection.on('error', () => {}))
  let brokers: ReadonlyMap<number, Broker> = new Map()

  async function leaders(): Promise<Leaders> {
    const asked = client.metadata({ topics: [topic], forceUpdate: true })
    const found = await asked.then(metadata => topologyOf(metadata, topic), partialTopology)
    brokers = found.brokers
    return found.leaders
  }

  async function connection(id: number): Promise<Connection> {
    // It says so itself where there is no such broker, as of a partition without a leader.
    return client.connections.get(brokers.get(id) as Broker)
  }

  async function create(): Promise<void> {
    const { partitions, replication: replicas, configs } = creation
    try {
      await client.createTopics({ topics: [topic], partitions, replicas, configs })
    } catch (error) {
      // Another replica was faster.
      if (!isAnswer(error, 'TOPIC_ALREADY_EXISTS')) throw error
    }
  }

  async function producer(): Promise<Producer> {
    const found = await connection(Math.min(...brokers.keys()))
    const { producerId: id, producerEpoch: epoch } = await initProducerIdV1.api.async(found, null, timeout)
    return { id, epoch }
  }

  return {
    leaders,
    connection,
    producer,
    async open() {
      // A broker that has just begun, or a topic that was just created, takes a moment; whoever opens this ends it.
      for (; ; await sleep(50))
        try {
          return { leaders: await leaders(), producer: await producer() }
        } catch (error) {
          if (client.closed) throw error
          if (ensure && isUnknownTopic(error)) await create()
          else throwUnlessPassing(error)
        }
    },
    async destroy() {
      // What waits to be written to a broker that takes nothing would keep its connection open.
      for (const [, { socket }] of client.connections) socket.destroy()
      await client.close()
    },
  }
}
