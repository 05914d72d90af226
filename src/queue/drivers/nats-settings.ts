import { readFileSync } from 'node:fs'
import { StorageType, DiscardPolicy, RetentionPolicy, type StreamConfig } from '@nats-io/jetstream'
import { credsAuthenticator, nanos, type ConnectionOptions } from '@nats-io/transport-node'
import { z } from 'zod'
import { ConfigError } from '../../errors.ts'
import { settingsOf, wholeNumber } from '../settings.ts'
import type { BrokerOptions } from '../types.ts'
import { decoded, hostsOf, type Host } from './host.ts'
import { streamNameOf } from './nats-subject.ts'

/** What QUEUE_URL says of NATS. */
export type NatsSettings = {
  hosts: [Host, ...Host[]]
  credentials: Pick<ConnectionOptions, 'user' | 'pass' | 'token' | 'authenticator'>
  /** The stream that is created. */
  stream: Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'duplicate_window'>
}

/** Reads QUEUE_URL, and the file of credentials that it names. Throws ConfigError. */
export function natsSettings({ url, queueName, dedupeWindow }: BrokerOptions): NatsSettings {
  const anyNumber = wholeNumber(1, Number.MAX_SAFE_INTEGER).optional()
  const settings = settingsOf(url, {
    hosts: z.string().default(''),
    creds: z.string().min(1).optional(),
    stream: z
      .string()
      .regex(/^[^\s.*>/\\]{1,255}$/, 'must have no space, dot, asterisk, >, / or \\')
      .default(streamNameOf(queueName)),
    replicas: wholeNumber(1, 5).default(1),
    max_age: anyNumber,
    max_bytes: anyNumber,
    max_msgs: anyNumber,
  })
  if (queueName.split('.').includes(''))
    throw new ConfigError('QUEUE_NAME: NATS takes no dot at either end, nor two in a row')
  const maxAge = nanos((settings.max_age ?? 0) * 1000)
  const window = nanos(dedupeWindow)
  return {
    hosts: hostsOf(url, settings.hosts, 4222),
    credentials: credentialsOf(url, settings.creds),
    stream: {
      name: settings.stream,
      subjects: [`${queueName}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      // A stream that is full refuses what is new; it would drop the oldest otherwise.
      discard: DiscardPolicy.New,
      num_replicas: settings.replicas,
      max_age: maxAge,
      max_bytes: settings.max_bytes ?? -1,
      max_msgs: settings.max_msgs ?? -1,
      // The server takes none that is longer than max_age.
      duplicate_window: maxAge > 0 ? Math.min(window, maxAge) : window,
    },
  }
}

function credentialsOf(url: URL, file: string | undefined): NatsSettings['credentials'] {
  const user = decoded(url, 'username')
  if (file !== undefined) return { authenticator: credsAuthenticator(fileOf(file)) }
  if (user === '') return {}
  return url.password === '' ? { token: user } : { user, pass: decoded(url, 'password') }
}

function fileOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new ConfigError('QUEUE_URL: the file that creds names cannot be read', { cause })
  }
}
