import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { addressSet, isLoopback } from './network.ts'
import { DRIVERS } from './queue/open.ts'
import { SHARED } from './state/open.ts'

const BROKER_SCHEMES = Object.keys(DRIVERS)
const STORE_SCHEMES = Object.keys(SHARED)
/** The schemes as people are told of them. */
export const BROKERS = named(BROKER_SCHEMES)
export const STORES = named(STORE_SCHEMES)

export const text = z.string().trim().min(1)
export const headerText = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
export const flag = <const V extends readonly string[]>(values: V) =>
  z.string().pipe(z.enum(values, { error: `must be one of ${values.join(', ')}` }))
export const port = z
  .string()
  .transform(checked(asPort, 'must be a port number, 0 to 65535 (0: any free one)'))
export const list = z.string().transform(value => value.split(',').map(entry => entry.trim()))
export const url = z
  .string()
  .transform(
    checked(
      asHttpUrl,
      'must be an HTTPS URL without user, query or fragment (HTTP only for a loopback host)',
    ),
  )

/** Plain HTTP too: a collector often stands beside the service, or at most one network away. */
export const collector = z
  .string()
  .transform(checked(asCollectorUrl, 'must be an HTTP or HTTPS URL without user, query or fragment'))
export const pairs = z
  .string()
  .transform(checked(asPairs, 'must be name=value pairs between commas, percent-encoded'))
export const headers = pairs.refine(areHeaders, 'has a name or a value that no header can have')

export function checked<I, O>(parse: (input: I) => O, problem: string) {
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

/** Without its trailing slash, so that a path can be put behind it. */
function asCollectorUrl(value: string): string {
  const { protocol, username, password, search, hash, href } = new URL(value)
  const isHttp = protocol === 'https:' || protocol === 'http:'
  if (!isHttp || username || password || search || hash) throw new TypeError('not acceptable')
  return href.replace(/\/+$/, '')
}

/** As OpenTelemetry writes them: https://www.w3.org/TR/baggage/#header-content, without properties. */
function asPairs(value: string): Record<string, string> {
  const entries = value
    .split(',')
    .filter(entry => entry.trim() !== '')
    .map(entry => {
      const [, name = '', content = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(entry) ?? []
      if (name === '') throw new TypeError('no pair')
      return [decodeURIComponent(name), decodeURIComponent(content)] as const
    })
  return Object.fromEntries(entries)
}

function areHeaders(record: Record<string, string>): boolean {
  try {
    return [...new Headers(record)].length > 0
  } catch {
    return false
  }
}

/** `file` is undefined for the one in DATA_DIR. */
export function asQueue(
  value: string,
): { driver: 'sqlite'; file: string | undefined } | { driver: 'broker'; url: URL } {
  const [whole, path] = /^sqlite:(?:\/\/(\/.+))?$/.exec(value) ?? []
  if (whole !== undefined) return { driver: 'sqlite', file: path }
  return { driver: 'broker', url: asUrl(value, BROKER_SCHEMES) }
}

export function asState(value: string): 'sqlite:' | URL {
  return value === 'sqlite:' ? value : asUrl(value, STORE_SCHEMES)
}

function asUrl(value: string, schemes: readonly string[]): URL {
  const url = new URL(value)
  if (!schemes.includes(url.protocol) || url.host === '') throw new TypeError('not acceptable')
  return url
}

const pemFile = (example: string, description: string) =>
  z
    .string()
    .transform(checked(path => readFileSync(path), 'must be a file that can be read'))
    .optional()
    .meta({ description, example })

/** Files of PEM text: whom to trust, and how to identify ourselves, to the broker or the store of the state. */
export function tlsFiles<const P extends 'QUEUE' | 'STATE'>(prefix: P) {
  const whose = { QUEUE: 'broker', STATE: 'shared state' }[prefix]
  return {
    [`${prefix}_CA_FILE`]: pemFile(
      '/etc/ssl/ca.pem',
      `PEM file of the authorities that the ${whose}'s certificate is checked against, instead of the system's`,
    ),
    [`${prefix}_CERT_FILE`]: pemFile(
      '/etc/ssl/client.pem',
      `PEM file of the client certificate for the ${whose}`,
    ),
    [`${prefix}_KEY_FILE`]: pemFile(
      '/etc/ssl/client.key',
      `PEM file of the key that belongs to \`${prefix}_CERT_FILE\``,
    ),
  } as Record<`${P}_${'CA' | 'CERT' | 'KEY'}_FILE`, ReturnType<typeof pemFile>>
}

export function asProxies(value: string): number | string[] {
  if (/^\d{1,3}$/.test(value)) return Number(value)
  const entries = value.split(',').map(entry => entry.trim())
  addressSet(entries)
  return entries
}

function named(schemes: readonly string[]): string {
  return schemes.map(scheme => `\`${scheme}//\``).join(', ')
}
