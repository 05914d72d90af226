import { resolve } from 'node:path'
import { z } from 'zod'
import { addressSet, isLoopback } from './network.ts'
import { duration, size } from './units.ts'

const text = z.string().trim().min(1)
const headerText = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
const flag = <const V extends readonly string[]>(values: V) =>
  z.string().pipe(z.enum(values, { error: `must be one of ${values.join(', ')}` }))
const port = z.string().transform(checked(asPort, 'must be a port number, 0 to 65535 (0: any free one)'))
const list = z.string().transform(value => value.split(',').map(entry => entry.trim()))
const url = z
  .string()
  .transform(
    checked(
      asHttpUrl,
      'must be an HTTPS URL without user, query or fragment (HTTP only for a loopback host)',
    ),
  )

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
        'Bearer token for the private listener; required when `ADMIN_HOST` is not a loopback address. At least 16 characters',
      example: 'another-long-random-token',
      secret: true,
    }),
  DATA_DIR: text
    .transform(path => resolve(path))
    .prefault('./data')
    .meta({ description: 'Where the embedded queue and the kept secret live', example: './data' }),
  QUEUE_URL: z
    .string()
    .transform(
      checked(asSqliteFile, 'is not a queue that this version has: use sqlite: or sqlite:///path/to/file'),
    )
    .prefault('sqlite:')
    .meta({
      description: 'Where events go: `sqlite:` (a file in `DATA_DIR`) or `sqlite:///path/to/file`',
      example: 'sqlite:',
      secret: true,
    }),
  QUEUE_NAME: z
    .string()
    .regex(/^[\w-][\w.-]{0,99}$/, 'must be letters, digits and . _ -, at most 100')
    .prefault('jelou-events')
    .meta({
      description: 'Name of the queue; for the embedded one the name of its file',
      example: 'jelou-events',
    }),
  STATE_URL: z
    .string()
    .refine(value => value === 'sqlite:', 'is not a store that this version has: use sqlite:')
    .prefault('sqlite:')
    .meta({
      description: 'Where the kept secret lives: `sqlite:` (a file in `DATA_DIR`)',
      example: 'sqlite:',
      secret: true,
    }),
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
}

function checked<I, O>(parse: (input: I) => O, problem: string) {
  return (input: I, context: z.RefinementCtx): O => {
    try {
      return parse(input)
    } catch {
      context.addIssue({ code: 'custom', message: problem })
      return z.NEVER
    }
  }
}

function asPort(value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number > 65_535) throw new RangeError(value)
  return number
}

/** Without its trailing slash, so that a path can be put behind it. */
function asHttpUrl(value: string): string {
  const url = new URL(value)
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
  if (!safe || url.username || url.password || url.search || url.hash) throw new TypeError('not acceptable')
  return url.href.replace(/\/+$/, '')
}

/** The file that the URL names, or undefined for the one in DATA_DIR. */
function asSqliteFile(value: string): { driver: 'sqlite'; file: string | undefined } {
  const [, path] = /^sqlite:(?:\/\/(\/.+))?$/.exec(value) ?? []
  if (path === undefined && value !== 'sqlite:') throw new TypeError('not acceptable')
  return { driver: 'sqlite', file: path }
}

function asProxies(value: string): number | string[] {
  if (/^\d{1,3}$/.test(value)) return Number(value)
  const entries = value.split(',').map(entry => entry.trim())
  addressSet(entries)
  return entries
}
