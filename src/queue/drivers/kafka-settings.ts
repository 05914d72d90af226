import type { Broker, SASLOptions } from '@platformatic/kafka'
import { z } from 'zod'
import { ConfigError } from '../../errors.ts'
import { settingsOf, wholeNumber } from '../settings.ts'
import type { BrokerOptions, TlsFiles } from '../types.ts'
import { decoded, hostsOf } from './host.ts'

/** What QUEUE_URL says of a Kafka cluster and of the topic to create when it is missing. */
export type KafkaSettings = {
  brokers: Broker[]
  sasl?: SASLOptions
  tls?: TlsFiles
  topic: { partitions: number; replication: number; configs: { name: string; value: string }[] }
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const
const DEFAULT_PORT = 9092

/** Settings of `kafka://user:password@host:port?…` or `kafkas://…` (TLS). Throws ConfigError. */
export function kafkaSettings({ url, tls }: Pick<BrokerOptions, 'url' | 'tls'>): KafkaSettings {
  const given = settingsOf(url, {
    brokers: z.string().default(''),
    sasl: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('plain'),
    partitions: wholeNumber(1, 10_000).default(12),
    replication: wholeNumber(1, 100).optional(),
    minInsyncReplicas: wholeNumber(1, 100).optional(),
    // A batch of one event of BODY_LIMIT, its envelope, key and headers is larger than Kafka's own default of 1 MiB.
    maxMessageBytes: wholeNumber(1024, 104_857_600).default(2_097_152),
  })
  if (url.pathname.length > 1) throw problem(url, 'has no path: QUEUE_NAME is the topic')
  const replication = given.replication ?? -1
  const minInsync = given.minInsyncReplicas ?? (replication >= 3 ? 2 : undefined)
  const sasl = credentials(url, MECHANISMS[given.sasl])
  return {
    brokers: hostsOf(url, given.brokers, DEFAULT_PORT).map(({ hostname: host, port }) => ({ host, port })),
    ...(sasl && { sasl }),
    ...(url.protocol === 'kafkas:' && { tls }),
    topic: {
      partitions: given.partitions,
      replication,
      configs: [
        // Compaction would drop all but the last event of a key.
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'max.message.bytes', value: String(given.maxMessageBytes) },
        ...(minInsync === undefined ? [] : [{ name: 'min.insync.replicas', value: String(minInsync) }]),
      ],
    },
  }
}

function credentials(url: URL, mechanism: string): SASLOptions | undefined {
  if (url.username === '') return undefined
  return {
    mechanism: mechanism as SASLOptions['mechanism'],
    username: decoded(url, 'username'),
    password: decoded(url, 'password'),
  }
}

function problem({ protocol }: URL, what: string): Error {
  return new ConfigError(`QUEUE_URL (${protocol}//…) ${what}`)
}
