import { kafkaAdmin, readKafka, startKafka, type KafkaServer } from '../../brokers/kafka.ts'
import { deliveredOf, type Delivered, type Engine } from './engine.ts'

// A new file of its log for every few events that are large.
const SEGMENTS = { 'log.segment.bytes': String(4 * 1024 * 1024) }

export const kafka: Engine = {
  start: owner => startKafka(owner, undefined, SEGMENTS),
  behind: ({ proxied }: KafkaServer) => {
    if (proxied === undefined) throw new TypeError('a broker of our own is needed')
    return proxied
  },
  queueUrl: port => `kafka://127.0.0.1:${port}`,
  reader(server, queueName) {
    let read = 0
    return async (): Promise<Delivered[]> => {
      const count = await countOf(server, queueName)
      const messages = await readKafka(server, { queueName, count })
      const fresh = messages.slice(read)
      read = messages.length
      return fresh.map(({ body }) => deliveredOf(body))
    }
  },
  repeats: true,
}

/** How many records a topic has, as the ends of its partitions say. */
async function countOf(at: { host: string; port: number }, name: string): Promise<number> {
  const admin = kafkaAdmin(at)
  try {
    const { topics } = await admin.metadata({ topics: [name] })
    const partitions = [...(topics.get(name)?.partitions ?? [])].map((_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1n,
    }))
    const [topic] = await admin.listOffsets({ topics: [{ name, partitions }] })
    return (topic?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
  } finally {
    await admin.close()
  }
}
