import { ConfigError, StateClientError } from '../errors.ts'
import { isMissingPackage } from '../missing-package.ts'
import type { SharedStateOptions } from './shared.ts'
import type { StateBackend } from './types.ts'

type Shared = {
  /** The package of its client, imported only when it is used. */
  client: string
  load: () => Promise<(options: SharedStateOptions) => Promise<StateBackend>>
}

const REDIS: Shared = { client: 'ioredis', load: async () => (await import('./redis.ts')).openRedisState }
const NATS: Shared = { client: '@nats-io/kv', load: async () => (await import('./nats.ts')).openNatsState }
const POSTGRES: Shared = { client: 'pg', load: async () => (await import('./postgres.ts')).openPostgresState }

/** The shared states by the scheme of STATE_URL. */
export const SHARED: Readonly<Record<string, Shared>> = {
  'redis:': REDIS,
  'rediss:': REDIS,
  'nats:': NATS,
  'tls:': NATS,
  'postgres:': POSTGRES,
  'postgresql:': POSTGRES,
}

/** What the kept state is opened with, wherever it is. */
export type OpenStateOptions = Omit<SharedStateOptions, 'url'> & {
  /** STATE_URL. */
  url: URL | 'sqlite:'
  /** Where `sqlite:` keeps its file. */
  directory: string
}

/**
 * Opens the kept state that the scheme of `url` picks. Throws ConfigError, StateClientError when its client is not
 * installed, and what the backend throws: the state's errors.
 */
export async function openState(options: OpenStateOptions, shared = SHARED): Promise<StateBackend> {
  const url = new URL(options.url)
  const { protocol } = url
  if (protocol === 'sqlite:') return (await import('./sqlite.ts')).openSqliteState(options)
  const backend = shared[protocol]
  if (backend === undefined) {
    const schemes = ['sqlite:', ...Object.keys(shared).map(scheme => `${scheme}//`)]
    throw new ConfigError(`STATE_URL ${protocol}… is not a state that there is, only ${schemes.join(', ')}`)
  }
  try {
    const openShared = await backend.load()
    return await openShared({ ...options, url })
  } catch (cause) {
    if (!isMissingPackage(cause)) throw cause
    throw new StateClientError(`${protocol}//…`, backend.client, { cause })
  }
}
