import type { RedisOptions } from 'ioredis'
import { ConfigError } from '../../errors.ts'
import type { TlsFiles } from '../types.ts'
import { decoded } from './host.ts'

const SECURE = new Set(['rediss:', 'bullmqs:'])

/** The part of ioredis's options that QUEUE_URL and the TLS files say. */
export type RedisAddress = { host: string; port: number; db: number } & Pick<
  RedisOptions,
  'username' | 'password' | 'tls'
>

/** Where the server is, and as whom to log in. Throws ConfigError. */
export function addressOf(url: URL, tls: TlsFiles): RedisAddress {
  const [, db = ''] =
    /^\/?(\d{0,5})$/.exec(url.pathname) ?? invalid(url, 'its path is the number of a database')
  if (url.hostname === '') invalid(url, 'it names no host')
  const username = decoded(url, 'username')
  const password = decoded(url, 'password')
  if (username !== '' && password === '') invalid(url, 'it has a user but no password')
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    db: Number(db),
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(SECURE.has(url.protocol) && { tls }),
  }
}

function invalid(url: URL, problem: string): never {
  throw new ConfigError(
    `QUEUE_URL (${url.protocol}//…) is wrong: ${problem}. Example: ${url.protocol}//user:password@host:6379/0`,
  )
}
