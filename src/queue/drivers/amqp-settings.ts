import { z } from 'zod'
import { settingsOf, wholeNumber } from '../settings.ts'
import type { BrokerOptions } from '../types.ts'
import { decoded, hostsOf, type Host } from './host.ts'

/** What QUEUE_URL says of RabbitMQ. */
export type AmqpSettings = {
  hosts: [Host, ...Host[]]
  vhost: string
  username: string
  password: string
  exchange: string
  queue: string
  /** Arguments of the queue that is created. */
  queueArguments: Record<string, string | number>
  /** In seconds. */
  heartbeat: number
}

/** Reads QUEUE_URL. Throws ConfigError. */
export function amqpSettings({ url, queueName }: Pick<BrokerOptions, 'url' | 'queueName'>): AmqpSettings {
  const settings = settingsOf(url, {
    exchange: z.string().min(1).max(255).default(queueName),
    hosts: z.string().default(''),
    heartbeat: wholeNumber(1, 3600).default(10),
    max_length: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
    max_bytes: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  })
  const limits = { 'x-max-length': settings.max_length, 'x-max-length-bytes': settings.max_bytes }
  const given = Object.entries(limits).filter((limit): limit is [string, number] => limit[1] !== undefined)
  return {
    hosts: hostsOf(url, settings.hosts, url.protocol === 'amqps:' ? 5671 : 5672),
    vhost: decoded(url, 'pathname').slice(1) || '/',
    username: decoded(url, 'username') || 'guest',
    password: decoded(url, 'password') || 'guest',
    exchange: settings.exchange,
    queue: queueName,
    queueArguments: {
      'x-queue-type': 'quorum',
      ...Object.fromEntries(given),
      // Refuses what is new; without it the oldest would be dropped.
      ...(given.length > 0 && { 'x-overflow': 'reject-publish' }),
    },
    heartbeat: settings.heartbeat,
  }
}
