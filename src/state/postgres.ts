import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { z } from 'zod'
import { StateFencedError } from '../errors.ts'
import { addressOf, attempting, codeOf, messageOf, settingsOf, type SharedStateOptions } from './shared.ts'
import type { StateBackend } from './types.ts'

const EXISTS = `SELECT to_regclass('jelou_receiver_state') AS state, to_regclass('jelou_receiver_members') AS members`
// One transaction, and one at a time: two CREATE … IF NOT EXISTS at once can fail.
const CREATE = `
  SELECT pg_advisory_xact_lock(7741928365);
  CREATE TABLE IF NOT EXISTS jelou_receiver_state (
    project text PRIMARY KEY, record bytea, fence bigint NOT NULL, until timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS jelou_receiver_members (
    project text, member text, value text NOT NULL, until timestamptz NOT NULL, PRIMARY KEY (project, member));
`
const READ = 'SELECT record FROM jelou_receiver_state WHERE project = $1'
// clock_timestamp() goes on within a statement, also while it waits for the lock of the row.
const HELD = 'project = $1 AND fence = $2 AND until > clock_timestamp()'
// A server that confirms before it syncs does so no more for this one statement.
const WRITE = `
  UPDATE jelou_receiver_state SET record = $3 WHERE ${HELD}
  RETURNING CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
`
const ACQUIRE = `
  INSERT INTO jelou_receiver_state AS s (project, fence, until)
  VALUES ($1, 1, clock_timestamp() + $2 * interval '1 ms')
  ON CONFLICT (project) DO UPDATE SET fence = s.fence + 1, until = clock_timestamp() + $2 * interval '1 ms'
    WHERE s.until <= clock_timestamp()
  RETURNING fence
`
const RENEW = `UPDATE jelou_receiver_state SET until = clock_timestamp() + $3 * interval '1 ms' WHERE ${HELD}`
const RELEASE = `UPDATE jelou_receiver_state SET until = '-infinity' WHERE project = $1 AND fence = $2`
const ANNOUNCE = `
  INSERT INTO jelou_receiver_members VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')
  ON CONFLICT (project, member) DO UPDATE SET value = excluded.value, until = excluded.until
`
const MEMBERS = 'SELECT value FROM jelou_receiver_members WHERE project = $1 AND until > clock_timestamp()'
const FORGET =
  'DELETE FROM jelou_receiver_members WHERE project = $1 AND (member = $2 OR until <= clock_timestamp())'

/**
 * Wrong or missing credentials (28), a database that is not there (3D), a syntax that the server does not know or a missing
 * permission (42), read only (25006): https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REFUSAL = /^(?:28|3D|42|25006)/

const SETTINGS = {
  sslmode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).exactOptional(),
  channel_binding: z.enum(['disable', 'prefer', 'require']).exactOptional(),
}

/**
 * Opens the kept state in PostgreSQL, at `postgres://` or `postgresql://`, and creates its tables where they are missing.
 * TLS is used where `sslmode` is anything but `disable`, or where files for it are given, and always verifies certificate
 * and host name. Throws ConfigError, StateUnavailableError and StateRefusedError.
 */
export async function openPostgresState(options: SharedStateOptions): Promise<StateBackend> {
  const { projectId } = options
  const { location, pool, attempt, close } = createPool(options)
  const run = (sql: string, ...values: unknown[]) => attempt(() => pool.query(sql, [projectId, ...values]))

  async function ensureTables(): Promise<void> {
    const { rows } = await attempt(() => pool.query<{ state: unknown; members: unknown }>(EXISTS))
    // Asked before, because who may not create a table may not ask for it with IF NOT EXISTS either.
    const isMissing = rows.some(({ state, members }) => state === null || members === null)
    if (isMissing) await attempt(() => pool.query(CREATE))
  }

  try {
    await ensureTables()
  } catch (error) {
    await close()
    throw error
  }
  return {
    location,
    async read() {
      const { rows } = await run(READ)
      return rows[0]?.record ?? null
    },
    async write(record, fence) {
      const { rowCount } = await run(WRITE, fence, record)
      if (rowCount === 0) throw new StateFencedError(location)
    },
    async acquire(lease) {
      const { rows } = await run(ACQUIRE, lease)
      if (rows.length === 0) return null
      const fence = Number(rows[0].fence)
      return {
        fence,
        renew: async lease => (await run(RENEW, fence, lease)).rowCount === 1,
        release: async () => void (await run(RELEASE, fence)),
      }
    },
    async announce(member, value, ttl) {
      await run(FORGET, member)
      await run(ANNOUNCE, member, value, ttl)
      const { rows } = await run(MEMBERS)
      return rows.map(row => row.value)
    },
    withdraw: async member => void (await run(FORGET, member)),
    close,
  }
}

function createPool({ url, timeout, tls, log }: SharedStateOptions) {
  const { location, path, username, ...address } = addressOf(url, 5432)
  const { sslmode = Object.keys(tls).length > 0 ? 'verify-full' : 'disable', channel_binding } = settingsOf(
    url,
    SETTINGS,
  )
  const sockets = new Set<Socket>()
  const pool = new Pool({
    ...address,
    user: username,
    database: path || username,
    // Without a host's name pg would have the certificate of an IP address be one for `localhost`.
    ssl: sslmode === 'disable' ? false : { ...tls, host: address.host },
    enableChannelBinding: channel_binding !== undefined && channel_binding !== 'disable',
    max: 4,
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
    stream() {
      const socket = new Socket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    },
  })
  pool.on('error', error =>
    log.warn({ location, reason: messageOf(error) }, 'A connection to the kept state is closed'),
  )
  let closed: Promise<void> | undefined

  async function end(): Promise<void> {
    const patience = new AbortController()
    const late = sleep(timeout, undefined, { signal: patience.signal }).catch(() => {})
    await Promise.race([pool.end(), late])
    patience.abort()
    for (const socket of sockets) socket.destroy()
  }

  return {
    location,
    pool,
    attempt: attempting({ location, timeout, isRefusal: error => REFUSAL.test(codeOf(error)) }),
    close: () => (closed ??= end()),
  }
}
