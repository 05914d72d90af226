import { z } from 'zod'
import { ConfigError, StateRefusedError, StateUnavailableError } from '../errors.ts'

/** PEM text: whom to trust, and how to identify ourselves. */
export type TlsFiles = { ca?: Buffer; cert?: Buffer; key?: Buffer }

/** The part of pino that backends use. */
export type StateLog = Record<'info' | 'warn', (fields: object, message: string) => void>

/** What the backend of a shared state is opened with. `timeout` in ms is the most that one operation may take. */
export type SharedStateOptions = {
  /** STATE_URL, credentials included. */
  url: URL
  projectId: string
  timeout: number
  tls: TlsFiles
  log: StateLog
}

/** An address in the parts that clients take. */
export type Address = {
  host: string
  port: number
  username: string | undefined
  password: string | undefined
  /** What follows the first slash of the path. */
  path: string
  /** For messages to the operator: without credentials and settings. */
  location: string
}

/** For messages to the operator: without credentials and settings. */
export function locationOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}

/** Throws ConfigError, which never shows the URL. */
export function addressOf(url: URL, defaultPort: number): Address {
  try {
    // Brackets are how a URL writes an IPv6 address.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    if (host === '') throw new Error('no host')
    return {
      host,
      port: Number(url.port || defaultPort),
      username: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      path: decodeURIComponent(url.pathname.slice(1)),
      location: locationOf(url),
    }
  } catch {
    throw new ConfigError(
      `STATE_URL (${url.protocol}//…) needs a host, and special characters in user, password and path as %XX`,
    )
  }
}

/** The settings in the query of STATE_URL. Throws ConfigError, which names what is unknown or wrong and never shows the URL. */
export function settingsOf<T extends z.ZodRawShape>(url: URL, shape: T): z.output<z.ZodObject<T>> {
  const parsed = z.strictObject(shape).safeParse(Object.fromEntries(url.searchParams))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue => [...issue.path, issue.message].join(': '))
  throw new ConfigError(`STATE_URL (${url.protocol}//…): ${problems.join('; ')}`)
}

/** The id in letters, digits, `_`, `-` and `=`, which mean nothing in a key or a subject; no two ids become one. */
export function safeName(id: string): string {
  return Buffer.from(id)
    .toString('latin1')
    .replace(/[^\w-]/g, byte => `=${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Runs one operation; `late` aborts when its time is over. Throws our errors. */
export type Attempt = <T>(action: (late: AbortSignal) => Promise<T>) => Promise<T>

/**
 * Settles within `timeout` ms with a result, or with StateRefusedError for what `isRefusal` says and for certificates,
 * and StateUnavailableError for the rest.
 */
export function attempting(options: {
  location: string
  timeout: number
  isRefusal: (error: unknown) => boolean
}): Attempt {
  const { location, timeout, isRefusal } = options
  return async action => {
    try {
      return await within(timeout, action)
    } catch (error) {
      if (codeOf(error).startsWith('ERR_STATE_')) throw error
      const refused = isRefusal(error) || isCertificate(error)
      throw new (refused ? StateRefusedError : StateUnavailableError)(location, messageOf(error), {
        cause: error,
      })
    }
  }
}

async function within<T>(timeout: number, action: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${timeout} ms`)
    late.abort(error)
    reject(error)
  }, timeout)
  try {
    return await Promise.race([action(late.signal), promise])
  } finally {
    clearTimeout(timer)
  }
}

/** An error's `code`, when that is text. */
export function codeOf(error: unknown): string {
  const { code }: { code?: unknown } = Object(error)
  return typeof code === 'string' ? code : ''
}

/** What it says; a failure to connect to every address of a host says nothing but its code. */
export function messageOf(error: unknown): string {
  return (error instanceof Error && error.message) || codeOf(error) || String(error)
}

/** Node's codes of certificates that do not verify: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function isCertificate(error: unknown): boolean {
  return /CERT|CRL|SIGNATURE|ALTNAME|SSL_|TLS_/.test(codeOf(error))
}
