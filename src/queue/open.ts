import { ConfigError, QueueClientError } from '../errors.ts'
import type { BrokerOptions, QueueDriver } from './types.ts'

type Driver = {
  /** The package of its client, imported only when it is used. */
  client: string
  load: () => Promise<(options: BrokerOptions) => QueueDriver>
}

const redis: Driver = {
  client: 'ioredis',
  load: async () => (await import('./drivers/redis.ts')).createRedisQueue,
}

/** The drivers of the brokers by the scheme of QUEUE_URL. */
export const DRIVERS: Readonly<Record<string, Driver>> = { 'redis:': redis, 'rediss:': redis }

/** The driver that the scheme of `url` picks. Throws QueueClientError when its client is not installed, ConfigError for bad settings. */
export async function openBroker(options: BrokerOptions, drivers = DRIVERS): Promise<QueueDriver> {
  const { protocol } = options.url
  const driver = drivers[protocol]
  if (driver === undefined) throw new ConfigError(`QUEUE_URL ${protocol}//… is not a queue that there is`)
  try {
    return (await driver.load())(options)
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    throw new QueueClientError(`${protocol}//…`, driver.client, { cause })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
