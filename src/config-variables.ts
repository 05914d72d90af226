import { resolve } from 'node:path'
import { z } from 'zod'
import {
  BROKERS,
  STORES,
  asProxies,
  asQueue,
  asState,
  checked,
  flag,
  headerText,
  list,
  port,
  text,
  tlsFiles,
  url,
} from './config-values.ts'
import { tracingVariables } from './config-tracing.ts'
import { addressSet } from './network.ts'
import { duration, size } from './units.ts'

/** Every environment variable of the service: the one source of the types, the defaults and the documents. */
export const variables = {
  JELOU_PROJECT_ID: text.meta({
    description: 'The project whose events are received. Required',
    example: 'my-project',
  }),
  JELOU_API_KEY: headerText.optional().meta({
    description: 'Sent to Jelou as `x-api-key`; this, or the next two, or `JELOU_SIGNING_SECRET` is required',
    example: 'the-api-key',
    secret: true,
  }),
  JELOU_CLIENT_ID: headerText.optional().meta({
    description: 'With `JELOU_CLIENT_SECRET`: sent to Jelou as `Authorization: Basic`',
    example: 'the-client-id',
  }),
  JELOU_CLIENT_SECRET: headerText.optional().meta({
    description: 'The secret that belongs to `JELOU_CLIENT_ID`',
    example: 'the-client-secret',
    secret: true,
  }),
  JELOU_API_URL: url.prefault('https://gateway.jelou.ai/jelouapi/v1').meta({
    description: "Base of Jelou's integration API",
    example: 'https://gateway.jelou.ai/jelouapi/v1',
  }),
  JELOU_SIGNING_SECRET: list
    .refine(secrets => secrets.every(secret => secret !== ''), 'has an empty secret between its commas')
    .optional()
    .meta({
      description:
        'Use this signing secret (several: comma separated, any one verifies) and register nothing',
      example: 'the-signing-secret',
      secret: true,
    }),
  JELOU_SECRET_LOST: flag(['fail', 'recreate']).prefault('fail').meta({
    description:
      'What to do when Jelou has an integration whose secret this service does not have: `fail`, or `recreate` (delete it, create it anew)',
    example: 'recreate',
  }),
  PUBLIC_URL: url.meta({
    description:
      "The service's own public base URL, HTTPS (HTTP only for a loopback host). `PUBLIC_URL` + `WEBHOOK_PATH` is what is registered. Required",
    example: 'https://support.example.com',
  }),
  WEBHOOK_PATH: z
    .string()
    .regex(/^(\/[\w.~-]+)+$/, 'must begin with / and hold letters, digits and . _ ~ - between slashes')
    .refine(path => path !== '/healthz' && path !== '/readyz', 'is the path of a health check')
    .prefault('/webhook/jelou')
    .meta({ description: 'The webhook route', example: '/webhook/jelou' }),
  WEBHOOK_AUTH_TYPE: flag(['bearer', 'api_key', 'basic', 'no_auth']).prefault('bearer').meta({
    description: 'How Jelou presents its credential: `bearer`, `api_key`, `basic` or `no_auth`',
    example: 'api_key',
  }),
  WEBHOOK_AUTHORIZATION: headerText.optional().meta({
    description:
      'The token, the key, or `user:password`; left empty, 256 random bits are made once, kept beside the secret and registered',
    example: 'a-long-random-token',
    secret: true,
  }),
  HOST: text.prefault('0.0.0.0').meta({
    description: 'Address of the public listener: webhook, `/healthz`, `/readyz`, nothing else',
    example: '0.0.0.0',
  }),
  PORT: port.prefault('3000').meta({ description: 'Port of the public listener', example: '3000' }),
  ADMIN_HOST: text.prefault('127.0.0.1').meta({
    description: 'Address of the private listener: status, metrics, refused requests, consumer API',
    example: '127.0.0.1',
  }),
  ADMIN_PORT: port.prefault('3001').meta({ description: 'Port of the private listener', example: '3001' }),
  ADMIN_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be at least 16 printable ASCII characters without spaces')
    .optional()
    .meta({
      description:
        'Bearer token for the private listener, and the password of its page; required when `ADMIN_HOST` is not a loopback address. At least 16 characters',
      example: 'another-long-random-token',
      secret: true,
    }),
  DATA_DIR: text
    .regex(/^[^~$]/, 'must be written out: only a shell knows what ~ and $ stand for')
    .transform(path => resolve(path))
    .prefault('./data')
    .meta({ description: 'Where the embedded queue, the spool and the kept secret live', example: './data' }),
  QUEUE_URL: z
    .string()
    .transform(
      checked(asQueue, `must be sqlite:, sqlite:///path/to/file, or a URL that begins with ${BROKERS}`),
    )
    .prefault('sqlite:')
    .meta({
      description: `Where events go: \`sqlite:\` (a file in \`DATA_DIR\`), \`sqlite:///path/to/file\`, or a broker: ${BROKERS}. Its settings stand in the query`,
      example: 'redis://user:password@redis.example.com:6379/0',
      secret: true,
    }),
  QUEUE_NAME: z
    .string()
    .regex(/^[\w-][\w.-]{0,99}$/, 'must be letters, digits and . _ -, at most 100')
    .optional()
    .meta({
      description:
        'Name of the stream, queue or topic at the broker, or prefix of its subjects; left empty, `jelou-events-` and the project, so that projects never share one by accident',
      example: 'jelou-events',
    }),
  QUEUE_ENSURE: flag(['true', 'false'])
    .transform(value => value === 'true')
    .prefault('true')
    .meta({
      description: 'Create a missing stream, queue, topic or exchange; `false` only uses what is there',
      example: 'false',
    }),
  ...tlsFiles('QUEUE'),
  PUBLISH_TIMEOUT: duration
    .refine(value => value > 0, 'must be more than 0')
    .prefault('2s')
    .meta({
      description: 'How long a publish to a broker may take before the event goes to the spool',
      example: '2s',
    }),
  SPOOL_LIMIT: size.prefault('1gb').meta({
    description: 'The size of the spool, where events wait while the broker is away; past it 503',
    example: '10gb',
  }),
  STATE_URL: z
    .string()
    .transform(checked(asState, `must be sqlite:, or a URL that begins with ${STORES}`))
    .prefault('sqlite:')
    .meta({
      description: `Where the kept secret and the registration lock live: \`sqlite:\` (a file in \`DATA_DIR\`), or, shared by replicas: ${STORES}`,
      example: 'redis://user:password@redis.example.com:6379/0',
      secret: true,
    }),
  ...tlsFiles('STATE'),
  STATE_ENCRYPTION_KEY: list
    .transform(keys => keys.map(key => Buffer.from(key, 'base64')))
    .refine(
      keys => keys.every(key => key.length === 32),
      'must be 32 bytes in base64: make one with `openssl rand -base64 32`',
    )
    .optional()
    .meta({
      description:
        '32 bytes, base64; the kept secret is AES-256-GCM encrypted with it. Several, comma separated: the first encrypts, all decrypt',
      example: 'output of: openssl rand -base64 32',
      secret: true,
    }),
  TRUST_PROXY: z
    .string()
    .transform(checked(asProxies, 'must be a number of hops, or addresses and CIDRs'))
    .optional()
    .meta({
      description:
        'Proxies (addresses, CIDRs, or a hop count) whose `X-Forwarded-For` is believed. None when empty',
      example: '10.0.0.0/8',
    }),
  ALLOWED_SOURCES: list.transform(checked(addressSet, 'must be addresses and CIDRs')).optional().meta({
    description: 'CIDRs that may call the webhook; others get 403 before anything is read. Any when empty',
    example: '203.0.113.0/24,2001:db8::/32',
  }),
  RECONCILE_INTERVAL: duration.prefault('10m').meta({
    description: 'How often what Jelou has registered is compared with what is configured; `0` is off',
    example: '10m',
  }),
  BODY_LIMIT: size.prefault('1mb').meta({ description: 'Larger bodies get 413', example: '1mb' }),
  DEDUPE_WINDOW: duration.prefault('24h').meta({
    description: 'How long an event id is remembered, and how long a replaced signing secret still verifies',
    example: '24h',
  }),
  MAX_EVENT_AGE: duration.prefault('0').meta({
    description: 'An event whose signed `timestamp` is older is refused; `0` is off',
    example: '1h',
  }),
  SHUTDOWN_DELAY: duration.prefault('0s').meta({
    description: 'How long to keep serving after SIGTERM while not ready',
    example: '5s',
  }),
  SHUTDOWN_TIMEOUT: duration.prefault('25s').meta({
    description: 'The most that draining may take after that',
    example: '25s',
  }),
  LOG_LEVEL: flag(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).prefault('info').meta({
    description: "pino's levels",
    example: 'debug',
  }),
  ...tracingVariables,
}
