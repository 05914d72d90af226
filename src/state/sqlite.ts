import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import {
  DirectoryError,
  StateCorruptError,
  StateFencedError,
  StatePermissionsError,
  StateUnavailableError,
} from '../errors.ts'
import { makeDirectory } from '../make-directory.ts'
import { DEFAULT_LEASE } from './lock.ts'
import type { StateBackend } from './types.ts'

/** Marks the file as ours (https://sqlite.org/pragma.html#pragma_application_id): "jlst" in ASCII. */
const APPLICATION_ID = 0x6a6c7374

/** Times are ms since the epoch by this machine's clock, which all processes that can open the file share. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (project_id TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS locks (project_id TEXT PRIMARY KEY, fence INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS members (
    project_id TEXT NOT NULL, member TEXT NOT NULL, value TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (project_id, member)
  ) STRICT;
`
const MARK = `PRAGMA application_id = ${APPLICATION_ID};`

const READ = 'SELECT record FROM records WHERE project_id = ?'
const WRITE = `
  INSERT INTO records SELECT project_id, :record FROM locks
    WHERE project_id = :project AND fence = :fence AND until > :now
  ON CONFLICT (project_id) DO UPDATE SET record = excluded.record
`
/** A lease that runs longer than any given now was given before the clock was set back, perhaps by hours. */
const ACQUIRE = `
  INSERT INTO locks VALUES (:project, 1, :until)
  ON CONFLICT (project_id) DO UPDATE SET fence = fence + 1, until = excluded.until
    WHERE until <= :now OR until > :latest
  RETURNING fence
`
const RENEW =
  'UPDATE locks SET until = :until WHERE project_id = :project AND fence = :fence AND until > :now'
const RELEASE = 'UPDATE locks SET until = 0 WHERE project_id = :project AND fence = :fence'
const FORGET = 'DELETE FROM members WHERE project_id = :project AND (member = :member OR until <= :now)'
const ANNOUNCE = 'INSERT INTO members VALUES (:project, :member, :value, :until)'
const MEMBERS = 'SELECT value FROM members WHERE project_id = ?'

/** What is thrown on the way that says all there is to say. */
const OURS = [DirectoryError, StatePermissionsError, StateCorruptError]

// Primary result codes: https://sqlite.org/rescode.html
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/**
 * Opens the kept state in `directory`/state.sqlite, creating both where missing, for the user alone. Node's synchronous
 * SQLite on the main thread is enough: the record is tiny and written a few times in the service's life.
 * Throws DirectoryError when the directory cannot be, StatePermissionsError when others can reach it, StateCorruptError when it is not a sound state file, and
 * StateUnavailableError when it cannot be used now. What was there is then as it was.
 */
export function openSqliteState(options: { directory: string; projectId: string }): StateBackend {
  const { projectId } = options
  const directory = resolve(options.directory)
  const path = join(directory, 'state.sqlite')
  const attempt = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw stateError(path, error)
    }
  }
  const db = attempt(() => {
    makePrivate(directory, path)
    return open(path)
  })
  const run = (sql: string, values: Record<string, SQLInputValue>): number =>
    Number(attempt(() => db.prepare(sql).run({ project: projectId, ...values })).changes)

  return {
    location: path,
    async read() {
      const row = attempt(() => db.prepare(READ).get(projectId))
      return row?.['record'] instanceof Uint8Array ? Buffer.from(row['record']) : null
    },
    async write(record, fence) {
      if (run(WRITE, { record, fence, now: Date.now() }) === 0) throw new StateFencedError(path)
    },
    async acquire(lease) {
      const now = Date.now()
      const latest = now + Math.max(lease, DEFAULT_LEASE)
      const row = attempt(() =>
        db.prepare(ACQUIRE).get({ project: projectId, now, latest, until: now + lease }),
      )
      if (row === undefined) return null
      const fence = Number(row['fence'])
      return {
        fence,
        async renew(lease) {
          const now = Date.now()
          return run(RENEW, { fence, now, until: now + lease }) > 0
        },
        async release() {
          run(RELEASE, { fence })
        },
      }
    },
    async announce(member, value, ttl) {
      const now = Date.now()
      return attempt(() => {
        db.exec('BEGIN IMMEDIATE')
        try {
          db.prepare(FORGET).run({ project: projectId, member, now })
          db.prepare(ANNOUNCE).run({ project: projectId, member, value, until: now + ttl })
          const rows = db.prepare(MEMBERS).all(projectId)
          db.exec('COMMIT')
          return rows.map(row => String(row['value']))
        } finally {
          if (db.isTransaction) db.exec('ROLLBACK')
        }
      })
    },
    async withdraw(member) {
      run(FORGET, { member, now: Date.now() })
    },
    async close() {
      if (db.isOpen) db.close()
    },
  }
}

/** Creates the directory and the empty file before SQLite can, which would give them the umask's mode. */
function makePrivate(directory: string, path: string): void {
  makeDirectory(directory)
  assertPrivate(
    directory,
    `name a directory in DATA_DIR that is the service's alone, or run chmod 700 ${directory}`,
  )
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
  assertPrivate(path, `run chmod 600 ${path}`)
}

function assertPrivate(path: string, advice: string): void {
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) !== 0) throw new StatePermissionsError(path, mode.toString(8), advice)
}

function open(path: string): DatabaseSync {
  // Half a second is the most that somebody else's lock may hold up the event loop.
  const db = new DatabaseSync(path, { timeout: 500 })
  const read = (pragma: string): string => {
    const rows = db.prepare(`PRAGMA ${pragma}`).all()
    return rows.flatMap(row => Object.values(row)).join(', ')
  }
  const expect = (pragma: string, wanted: string): void => {
    const found = read(pragma)
    if (found !== wanted) throw new StateCorruptError(path, `${pragma} is ${found}, not ${wanted}`)
  }
  try {
    // Asked of SQLite and not of the file's size, because this also undoes a first start that was cut off.
    const isNew = read('page_count') === '0'
    if (!isNew) {
      expect('application_id', String(APPLICATION_ID))
      expect('quick_check', 'ok')
    }
    // EXTRA also syncs the directory once the journal is removed, without which a power cut can undo a commit.
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON')
    expect('journal_mode', 'delete')
    expect('synchronous', '3')
    // Taking the write lock shows now, not after Jelou gave a secret, that the file can be written.
    // A file that has everything stays as it is, byte for byte.
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} ${isNew ? MARK : ''} COMMIT`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function stateError(path: string, error: unknown): Error {
  if (OURS.some(Ours => error instanceof Ours)) return error as Error
  // node:sqlite's `errcode` is SQLite's extended result code, whose low byte is the primary one.
  const { message, errcode = 0 }: { message?: string; errcode?: number } = Object(error)
  const isCorrupt = [SQLITE_CORRUPT, SQLITE_NOTADB].includes(errcode & 0xff)
  return new (isCorrupt ? StateCorruptError : StateUnavailableError)(path, message, { cause: error })
}
