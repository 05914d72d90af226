import { mkdirSync } from 'node:fs'
import type { Server } from '../../brokers/server.ts'
import { waiting } from '../../conformance/outage.ts'
import { startReady, stop, variables } from '../../conformance/service.ts'
import { PROJECT, SECRET, TOKEN } from '../load/events.ts'
import {
  countJobs,
  countKafka,
  countNats,
  countRabbitmq,
  countSqs,
  countStream,
  type BrokerName,
  type Count,
} from './brokers.ts'
import type { Running, Start, Subject } from './subject.ts'

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

/** The service as its image runs it. `folder` holds its data. */
export async function startService(
  { scope, queueName }: Start,
  folder: string,
  more: Record<string, string> = {},
): Promise<Running & { adminUrl: string }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const settings = {
    NODE_ENV: 'production',
    JELOU_PROJECT_ID: PROJECT,
    JELOU_SIGNING_SECRET: SECRET,
    WEBHOOK_AUTHORIZATION: TOKEN,
    ...more,
  }
  const queue = 'QUEUE_URL' in more ? { QUEUE_NAME: queueName } : {}
  const service = await startReady(scope, variables(folder, { ...settings, ...queue }))
  // Before it is killed, so that it leaves its files as at any other end.
  scope.teardown(async () => void (await stop(service)))
  const { publicUrl: url, pid, adminUrl } = service
  return { url, pid, adminUrl, stored: () => waiting(service) }
}

const embedded = (at: Start) => startService(at, at.folder)

/** The embedded queue with the events that wait in a folder, which are not counted. */
export async function startFilled(at: Start, folder: string): Promise<Running> {
  const service = await startService(at, folder)
  const before = await service.stored?.()
  return { ...service, stored: async () => Number(await service.stored?.()) - Number(before) }
}

type OnBroker = { broker: BrokerName; url: (server: Server) => string; count: Count }

const ON_BROKERS: Record<string, OnBroker & { about: string }> = {
  redis: {
    broker: 'redis',
    url: ({ port }) => `redis://127.0.0.1:${port}`,
    count: countStream,
    about: 'a Redis stream; Redis syncs each write',
  },
  bullmq: {
    broker: 'redis',
    url: ({ port }) => `bullmq://127.0.0.1:${port}`,
    count: countJobs,
    about: 'BullMQ jobs; Redis syncs each write',
  },
  rabbitmq: {
    broker: 'rabbitmq',
    url: ({ port }) => `amqp://guest:guest@127.0.0.1:${port}`,
    count: countRabbitmq,
    about: 'a quorum queue of RabbitMQ, publisher confirms',
  },
  nats: {
    broker: 'nats',
    url: ({ port }) => `nats://127.0.0.1:${port}`,
    count: countNats,
    about: 'NATS JetStream, a stream on disk',
  },
  kafka: {
    broker: 'kafka',
    url: ({ port }) => `kafka://127.0.0.1:${port}`,
    count: countKafka,
    about: 'Kafka, acks=all, each batch synced',
  },
  sqs: {
    broker: 'sqs',
    url: ({ port }) => `sqs://us-east-1?endpoint=http://127.0.0.1:${port}`,
    count: countSqs,
    about: 'SQS, as fauxqs imitates it on this machine: it is that which is slow',
  },
}

async function onBroker(at: Start, { broker, url, count }: OnBroker): Promise<Running | null> {
  const server = await at.brokers.use(broker, at.scope)
  if (server === null) return null
  const service = await startService(at, at.folder, { QUEUE_URL: url(server), ...CREDENTIALS })
  return {
    ...service,
    broker: server.usage,
    // What went to the spool is brought there yet.
    stored: () => count(server, at.queueName),
  }
}

const ours = { group: 'ours', traffic: 'fresh' } as const

/** The service itself, in every way in which it takes events or refuses them. */
export const OURS: Subject[] = [
  { ...ours, name: 'embedded', about: 'the embedded queue: synced before 200', start: embedded },
  {
    ...ours,
    name: 'embedded-backlog',
    about: 'the embedded queue with 1,000,000 events in it',
    start: async at => startFilled(at, await at.backlog()),
  },
  ...Object.entries(ON_BROKERS).map(([name, { about, ...broker }]): Subject => ({
    ...ours,
    name,
    about,
    start: at => onBroker(at, broker),
  })),
  {
    ...ours,
    name: 'spool',
    about: 'the spool: a Redis that is away, everything is synced here',
    // Nothing listens on the port of tcpmux.
    start: at => startService(at, at.folder, { QUEUE_URL: 'redis://127.0.0.1:1', SHUTDOWN_TIMEOUT: '2s' }),
  },
  {
    ...ours,
    name: 'duplicates',
    about: 'the embedded queue, the same 1,000 events again and again',
    traffic: 'duplicates',
    start: embedded,
  },
  {
    ...ours,
    name: 'bad-signatures',
    about: 'events signed by somebody else: 401',
    traffic: 'forged',
    start: embedded,
  },
  {
    ...ours,
    name: 'bad-credentials',
    about: 'bodies of 256 KiB with a wrong token: 401, the body is not looked at',
    traffic: 'strangers',
    start: embedded,
  },
]
