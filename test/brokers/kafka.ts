import { Admin, fetchV11, type KafkaRecord } from '@platformatic/kafka'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort, launch, type Server } from './server.ts'

/**
 * Clients go on to the address that the broker gives them. Whoever asks at `proxied.port` is given the port
 * `proxied.listen`, where a proxy may stand that they do not pass by.
 */
export type KafkaServer = Server & { proxied?: { port: number; listen: number } }

const { KAFKA_LIBS, XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env
// As .ci/kafka does.
const LIBS = KAFKA_LIBS ?? join(XDG_CACHE_HOME, 'jelou-receiver', 'kafka-4.1.0')
const JVM = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(LIBS, '*')]

/**
 * Starts a broker that is its own controller. `config` adds to its server.properties, and may name further listeners.
 * Everything is synced to disk before it is confirmed, where Kafka's own promise rests on replicas.
 */
export async function startKafka(
  t: Test,
  config: (at: { folder: string; port: number }) => Promise<Record<string, string>> = async () => ({}),
): Promise<KafkaServer | null> {
  const [controller, behind, listen] = [await freePort(), await freePort(), await freePort()]
  const properties = 'kafka.properties'
  const server = await launch(t, {
    name: 'kafka',
    program: existsSync(LIBS) ? 'java' : `${LIBS} (fetched by .ci/kafka)`,
    patience: 120_000,
    async prepare(at) {
      const settings = {
        'process.roles': 'broker,controller',
        'node.id': '1',
        'controller.quorum.voters': `1@127.0.0.1:${controller}`,
        'controller.listener.names': 'CONTROLLER',
        'inter.broker.listener.name': 'PLAINTEXT',
        listeners: `PLAINTEXT://127.0.0.1:${at.port},PROXIED://127.0.0.1:${behind},CONTROLLER://127.0.0.1:${controller}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${at.port},PROXIED://127.0.0.1:${listen}`,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'log.dirs': join(at.folder, 'data'),
        'log.flush.interval.messages': '1',
        'auto.create.topics.enable': 'false',
        'offsets.topic.replication.factor': '1',
        'offsets.topic.num.partitions': '1',
        'group.initial.rebalance.delay.ms': '0',
        'num.network.threads': '2',
        'num.io.threads': '2',
        'log.cleaner.enable': 'false',
        // So that it is back soon after it was killed.
        'broker.session.timeout.ms': '1000',
        'broker.heartbeat.interval.ms': '100',
        'controller.quorum.election.timeout.ms': '100',
        'controlled.shutdown.enable': 'false',
        ...(await config(at)),
      }
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
      await writeFile(join(at.folder, properties), lines.join(''))
      const id = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
      const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties]
      execFileSync('java', [...JVM, ...format], { cwd: at.folder, stdio: 'ignore' })
    },
    args: () => [...JVM, 'kafka.Kafka', properties],
    ready,
  })
  return server && { ...server, ...(server.process && { proxied: { port: behind, listen } }) }
}

async function ready(at: { host: string; port: number }): Promise<void> {
  const admin = kafkaAdmin(at)
  try {
    const { brokers } = await admin.metadata({ topics: [] })
    if (brokers.size === 0) throw new Error('no broker yet')
  } finally {
    await admin.close()
  }
}

/** The client's own administration, with nothing tried twice. */
export function kafkaAdmin(at: { host: string; port: number }, options: object = {}): Admin {
  return new Admin({ clientId: 'test', bootstrapBrokers: [at], retries: 0, requestTimeout: 5000, ...options })
}

/** What was read of a topic so far: messages in the order of each partition, and where to go on in each. */
const read = new Map<
  string,
  { messages: { body: Buffer; headers: Record<string, string> }[]; offsets: bigint[] }
>()

/**
 * All messages of a topic once there are `count`, as the protocol's plain fetch gives them: those that were read before
 * come first, and those of one partition in its order. Headers without `ce_`, and without the content type.
 */
export async function readKafka(
  at: { host: string; port: number },
  { queueName, count }: { queueName: string; count: number },
) {
  const topic = read.get(queueName) ?? { messages: [], offsets: [] }
  read.set(queueName, topic)
  while (!(await isLed(at, queueName))) await sleep(50)
  const admin = kafkaAdmin(at)
  try {
    const { topics } = await admin.metadata({ topics: [queueName] })
    const partitions = topics.get(queueName)?.partitionsCount ?? 0
    const connection = await admin.connections.get(at)
    while (topic.messages.length < count) {
      const request = Array.from({ length: partitions }, (_, partition) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: topic.offsets[partition] ?? 0n,
        lastFetchedEpoch: -1,
        partitionMaxBytes: 10_000_000,
      }))
      const wanted = [{ topicId: queueName, partitions: request }]
      const { responses } = await fetchV11.api.async(connection, 200, 1, 50_000_000, 1, 0, -1, wanted, [], '')
      for (const { partitionIndex, records } of responses[0]?.partitions ?? [])
        for (const batch of records ?? [])
          for (const record of batch.records) {
            const offset = batch.firstOffset + BigInt(record.offsetDelta)
            if (offset < (topic.offsets[partitionIndex] ?? 0n)) continue
            topic.offsets[partitionIndex] = offset + 1n
            topic.messages.push(messageOf(record))
          }
    }
    return topic.messages
  } finally {
    await admin.close()
  }
}

/** Whether every partition has a leader that knows of it, as some time after the topic was made or the broker came back. */
async function isLed(at: { host: string; port: number }, topic: string): Promise<boolean> {
  const admin = kafkaAdmin(at)
  try {
    const partitions = Array.from({
      length: (await admin.metadata({ topics: [topic] })).topics.get(topic)?.partitionsCount ?? 0,
    })
    const indexes = partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp: -1n }))
    await admin.listOffsets({ topics: [{ name: topic, partitions: indexes }] })
    return true
  } catch {
    return false
  } finally {
    await admin.close()
  }
}

function messageOf({ value, headers }: KafkaRecord) {
  const named = headers.map(([name, value]) => [String(name), String(value)] as const)
  const attributes = named
    .filter(([name]) => name.startsWith('ce_'))
    .map(([name, value]) => [name.slice(3), value])
  return { body: value ?? Buffer.alloc(0), headers: Object.fromEntries(attributes) as Record<string, string> }
}
