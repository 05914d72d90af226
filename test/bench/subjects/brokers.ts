import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from 'rabbitmq-client'
import { kafkaAdmin, startKafka } from '../../brokers/kafka.ts'
import { startNats } from '../../brokers/nats.ts'
import { startRabbitmq } from '../../brokers/rabbitmq.ts'
import { asked, startRedis } from '../../brokers/redis.ts'
import type { Owner } from '../../brokers/owner.ts'
import type { Server } from '../../brokers/server.ts'
import { sqsClient, startSqs } from '../../brokers/sqs.ts'
import { usageOfGroup, type Usage } from '../process-usage.ts'
import type { Scope } from '../scope.ts'

export type BrokerName = 'redis' | 'rabbitmq' | 'nats' | 'kafka' | 'sqs'
export type Broker = Server & { usage: () => Usage }

/** How many messages a queue holds, by a client that knows nothing of our drivers. */
export type Count = (server: Server, queueName: string) => Promise<number>

const START: Record<BrokerName, (owner: Owner) => Promise<Server | null>> = {
  // Rewriting its log as it grows would hit some rounds and not others.
  redis: owner => startRedis(owner, { args: ['--auto-aof-rewrite-percentage', '0'] }),
  rabbitmq: startRabbitmq,
  nats: startNats,
  kafka: startKafka,
  sqs: startSqs,
}
/** Those that take long to start, and longer to be as fast as they get: they are stopped between uses, not ended. */
const KEPT = new Set<BrokerName>(['rabbitmq', 'kafka'])
/** For clocks that stood still, in ms. */
const WAKING = 1_500

/** Real servers, none of which runs while another subject is measured. */
export class Brokers {
  readonly #scope: Scope
  readonly #kept = new Map<BrokerName, Server | null>()

  /** What is kept ends with this scope. */
  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** A server for as long as the user lasts; null when it is not on this machine, which the user's scope is told. */
  async use(name: BrokerName, user: Scope): Promise<Broker | null> {
    const server = KEPT.has(name) ? await this.#wake(name, user) : await START[name](user)
    return server && { ...server, usage: () => usageOfGroup(server.process?.pid()) }
  }

  async #wake(name: BrokerName, user: Scope): Promise<Server | null> {
    let server = this.#kept.get(name)
    if (server === undefined) {
      server = await START[name](this.#scope)
      this.#kept.set(name, server)
    } else if (server?.process) {
      server.process.resume()
      await sleep(WAKING)
    }
    if (server === null) user.pass(name, { skip: this.#scope.missing.get(name) ?? 'it is missing' })
    else user.teardown(async () => server.process?.pause())
    return server
  }
}

export const countStream: Count = (server, queueName) => asked(server, client => client.xlen(queueName))

export const countJobs: Count = (server, queueName) =>
  asked(server, client => client.llen(`bull:${queueName}:wait`))

export const countRabbitmq: Count = async ({ port }, queueName) => {
  const connection = new Connection(`amqp://guest:guest@127.0.0.1:${port}`)
  try {
    return (await connection.queueDeclare({ queue: queueName, passive: true })).messageCount
  } finally {
    await connection.close()
  }
}

export const countNats: Count = async ({ port }, queueName) => {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  try {
    const streams = await jetstreamManager(connection)
    return (await streams.streams.info(queueName)).state.messages
  } finally {
    await connection.close()
  }
}

export const countKafka: Count = async (at, queueName) => {
  const admin = kafkaAdmin(at)
  try {
    const { topics } = await admin.metadata({ topics: [queueName] })
    const partitions = Array.from({ length: topics.get(queueName)?.partitionsCount ?? 0 }, (_, index) => ({
      partitionIndex: index,
      timestamp: -1n,
    }))
    const [topic] = await admin.listOffsets({ topics: [{ name: queueName, partitions }] })
    return Number((topic?.partitions ?? []).reduce((sum, { offset }) => sum + offset, 0n))
  } finally {
    await admin.close()
  }
}

export const countSqs: Count = async (server, queueName) => {
  const client = sqsClient(server)
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }))
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    )
    return Number(Attributes?.['ApproximateNumberOfMessages'])
  } finally {
    client.destroy()
  }
}
