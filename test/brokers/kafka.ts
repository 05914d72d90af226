import { Admin, fetchV11, initProducerIdV1, type KafkaRecord } from '@platformatic/kafka'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from './owner.ts'
import type { Certificates } from '../fixtures/certificates.ts'
import { freePort, launch, type Server } from './server.ts'
import { traceOf } from './trace.ts'

/**
 * Clients go on to the address that the broker gives them. Whoever asks at `proxied.port` is given the port
 * `proxied.listen`, where a proxy may stand that they do not pass by.
 */
export type KafkaServer = Server & { proxied?: { port: number; listen: number }; secure?: number }

const { KAFKA_LIBS, XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env
// As .ci/kafka does.
const LIBS = KAFKA_LIBS ?? join(XDG_CACHE_HOME, 'jelou-receiver', 'kafka-4.1.0')
const JVM = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(LIBS, '*')]

/** A port that speaks TLS and asks for a client's certificate and for the name and password in USERS. */
export type Secured = { certificates: Certificates }
/** What may log in, by PLAIN and by SCRAM-SHA-512. Who does not log in may do everything, these what no rule forbids. */
export const USERS = { app: 'p@ss/w:rd' }

/**
 * Starts a broker that is its own controller. It syncs everything to its disk before it confirms it, where Kafka's own
 * promise rests on replicas. `more` are settings of the broker.
 */
export async function startKafka(
  t: Owner,
  secured?: Secured,
  more: Record<string, string> = {},
): Promise<KafkaServer | null> {
  const [controller, behind, listen, secure] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ])
  const properties = 'kafka.properties'
  const server = await launch(t, {
    name: 'kafka',
    program: existsSync(LIBS) ? 'java' : `${LIBS} (fetched by .ci/kafka)`,
    patience: 120_000,
    async prepare({ folder, port }) {
      const protect = secured ? await securedListener(secured, { folder, port: secure }) : {}
      const settings = {
        'process.roles': 'broker,controller',
        'node.id': '1',
        'controller.quorum.voters': `1@127.0.0.1:${controller}`,
        'controller.listener.names': 'CONTROLLER',
        'inter.broker.listener.name': 'PLAINTEXT',
        listeners: `PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${behind},CONTROLLER://127.0.0.1:${controller}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${listen}`,
        'listener.security.protocol.map':
          'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
        'log.dirs': join(folder, 'data'),
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
        ...more,
      } as Record<string, string>
      for (const [name, value] of Object.entries<string>(protect))
        settings[name] = name.endsWith('listeners') ? `${settings[name]},${value}` : value
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
      await writeFile(join(folder, properties), lines.join(''))
      // Never begins with a dash, which would make an option of it.
      const id = Buffer.concat([Buffer.of(0), crypto.getRandomValues(new Uint8Array(15))]).toString(
        'base64url',
      )
      const users = Object.entries(USERS).flatMap(([name, password]) => [
        '--add-scram',
        `SCRAM-SHA-512=[name=${name},password=${password}]`,
      ])
      const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties, ...users]
      execFileSync('java', [...JVM, ...format], { cwd: folder, stdio: 'pipe' })
    },
    args: () => [...JVM, 'kafka.Kafka', properties],
    ready,
  })
  return server?.process ? { ...server, proxied: { port: behind, listen }, secure } : server
}

async function securedListener(
  { certificates: { path, client } }: Secured,
  at: { folder: string; port: number },
) {
  const identity = join(at.folder, 'identity.pem')
  await writeFile(
    identity,
    (await Promise.all(['server.key', 'server.pem'].map(name => readFile(path(name))))).join(''),
  )
  const trusted = join(at.folder, 'trusted.pem')
  await writeFile(trusted, client.ca)
  const known = Object.entries(USERS).map(([name, password]) => `user_${name}="${password}"`)
  const module = 'org.apache.kafka.common.security'
  return {
    listeners: `SECURE://127.0.0.1:${at.port}`,
    'advertised.listeners': `SECURE://127.0.0.1:${at.port}`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': identity,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': trusted,
    'listener.name.secure.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': `${module}.plain.PlainLoginModule required ${known.join(' ')};`,
    'listener.name.secure.scram-sha-512.sasl.jaas.config': `${module}.scram.ScramLoginModule required;`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': 'true',
  }
}

async function ready(at: { host: string; port: number }): Promise<void> {
  const admin = kafkaAdmin(at)
  try {
    await initProducerIdV1.api.async(await admin.connections.get(at), null, 1000)
  } finally {
    await admin.close()
  }
}

/** The client's own administration, with nothing tried twice. */
export function kafkaAdmin(at: { host: string; port: number }, options: object = {}): Admin {
  return new Admin({ clientId: 'test', bootstrapBrokers: [at], retries: 0, requestTimeout: 5000, ...options })
}

/** A record, and the producer that the broker had it from. */
type Stored = {
  body: Buffer
  headers: Record<string, string>
  trace: Record<string, string>
  producerId: bigint
}

/** What was read of a topic so far: messages in the order of each partition, and where to go on in each. */
const read = new Map<string, { messages: Stored[]; offsets: bigint[] }>()

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
            topic.messages.push({ ...messageOf(record), producerId: batch.producerId })
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
    const { topics } = await admin.metadata({ topics: [topic] })
    const partitions = (topics.get(topic)?.partitions ?? [])
      .keys()
      .map(partitionIndex => ({ partitionIndex, timestamp: -1n }))
    await admin.listOffsets({ topics: [{ name: topic, partitions: [...partitions] }] })
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
  return {
    body: value ?? Buffer.alloc(0),
    headers: Object.fromEntries(attributes) as Record<string, string>,
    trace: traceOf(Object.fromEntries(named)),
  }
}
