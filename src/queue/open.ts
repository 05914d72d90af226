import { ConfigError, QueueClientError } from '../errors.ts'
import { isMissingPackage } from '../missing-package.ts'
import type { BrokerOptions, QueueDriver } from './types.ts'

type Driver = {
  /** The package of its client, imported only when it is used. */
  client: string
  load: () => Promise<(options: BrokerOptions) => QueueDriver>
}

const REDIS: Driver = {
  client: 'ioredis',
  load: async () => (await import('./drivers/redis.ts')).createRedisQueue,
}
const BULLMQ: Driver = {
  client: 'bullmq',
  load: async () => (await import('./drivers/bullmq.ts')).createBullmqQueue,
}
const AMQP: Driver = {
  client: 'rabbitmq-client',
  load: async () => (await import('./drivers/amqp.ts')).createAmqpQueue,
}
const NATS: Driver = {
  client: '@nats-io/jetstream',
  load: async () => (await import('./drivers/nats.ts')).createNatsQueue,
}
const KAFKA: Driver = {
  client: '@platformatic/kafka',
  load: async () => (await import('./drivers/kafka.ts')).createKafkaQueue,
}
const SQS: Driver = {
  client: '@aws-sdk/client-sqs',
  load: async () => (await import('./drivers/sqs.ts')).createSqsQueue,
}

/** The drivers of the brokers by the scheme of QUEUE_URL. */
export const DRIVERS: Readonly<Record<string, Driver>> = {
  'redis:': REDIS,
  'rediss:': REDIS,
  'bullmq:': BULLMQ,
  'bullmqs:': BULLMQ,
  'amqp:': AMQP,
  'amqps:': AMQP,
  'nats:': NATS,
  'tls:': NATS,
  'kafka:': KAFKA,
  'kafkas:': KAFKA,
  'sqs:': SQS,
  'https:': SQS,
  'http:': SQS,
}

/** The driver that the scheme of `url` picks. Throws QueueClientError when its client is not installed, ConfigError for bad settings. */
export async function openBroker(options: BrokerOptions, drivers = DRIVERS): Promise<QueueDriver> {
  const { protocol } = options.url
  const driver = drivers[protocol]
  if (driver === undefined) throw new ConfigError(`QUEUE_URL ${protocol}//… is not a queue that there is`)
  try {
    return (await driver.load())(options)
  } catch (cause) {
    if (!isMissingPackage(cause)) throw cause
    throw new QueueClientError(`${protocol}//…`, driver.client, { cause })
  }
}
