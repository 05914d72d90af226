import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { createPrivateFile, syncPath } from './sqlite-files.ts'
import { openError } from './sqlite-protocol.ts'

/** Marks the file as a queue of this service (`PRAGMA application_id`): the letters `jelq`. */
const APPLICATION_ID = 0x6a656c71
const SCHEMA_VERSION = 2
const PAGE_SIZE = 4096

const BUSY_TIMEOUT_OPENING = 5_000
/** Nobody else writes; this is how long a checkpoint waits for a reader from outside before it is left for later. */
const BUSY_TIMEOUT = 100

const SEGMENTS = `CREATE TABLE segments (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, live INTEGER NOT NULL) STRICT;`

/**
 * `segments` names the tables `events_<id>`, which are the queue: see {@link createSegment}. `seen_0` and `seen_1` are the two
 * generations of remembered ids. `counters` holds what would need a full scan to know; `settled`: no event up to this `seq`
 * is still to be delivered, although its row may be there; `last`: the last `seq` that was given.
 */
const SCHEMA = `
  ${SEGMENTS}
  CREATE TABLE dead (
    seq INTEGER PRIMARY KEY,
    partition_key TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died_at INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE seen_0 (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE seen_1 (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO segments VALUES (1, 1, 0);
  INSERT INTO counters VALUES ('waiting', 0), ('dead', 0), ('seen_current', 0), ('seen_started', 0), ('seen', 0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** Version 1 had one table for all events. Nothing of it is copied. */
const FROM_VERSION_1 = `
  DROP INDEX events_delayed;
  ALTER TABLE events RENAME TO events_1;
  ${delayedIndex(1)}
  ${SEGMENTS}
  INSERT INTO segments SELECT 1, 1, value FROM counters WHERE name = 'waiting';
  INSERT INTO counters SELECT 'last', ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'events_1';
  PRAGMA user_version = 2;
`

/** Few messages are delayed: only those are in it. */
function delayedIndex(id: number): string {
  return `CREATE INDEX events_${id}_delayed ON events_${id} (not_before) WHERE not_before > 0;`
}

/**
 * Makes a table of events, in the order of `seq`; the key stands before the body so that a scan for keys does not read long
 * bodies.
 */
export function createSegment(database: DatabaseSync, id: number): void {
  database.exec(`
    CREATE TABLE events_${id} (
      seq INTEGER PRIMARY KEY,
      partition_key TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      not_before INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL,
      body BLOB NOT NULL
    ) STRICT;
    ${delayedIndex(id)}
  `)
}

/** Takes all rows of a table of events away. Without a condition SQLite gives the pages back without writing them. */
export function clearSegment(database: DatabaseSync, id: number): void {
  database.exec(`DELETE FROM events_${id}`)
}

export function dropSegment(database: DatabaseSync, id: number): void {
  database.exec(`DROP TABLE events_${id}`)
}

/**
 * Opens the database of the queue, creating it when it is missing. It may grow to `maxSize` bytes.
 * Throws QueueCorruptError when the file is something else, QueueUnavailableError when a commit would not be synced
 * or when a newer version of this service made it, and SQLite's own errors.
 */
export function openDatabase(file: string, maxSize = Infinity): DatabaseSync {
  createPrivateFile(file)
  // After a crash the log may hold commits that nobody was told of and that are not on the disk yet. They count from
  // now on (a redelivery is answered "duplicate"), so they have to be durable first.
  if (existsSync(`${file}-wal`)) syncPath(`${file}-wal`)
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_OPENING })
  try {
    prepare(database, file)
    if (maxSize < Infinity) database.exec(`PRAGMA max_page_count = ${Math.ceil(maxSize / PAGE_SIZE)}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function prepare(database: DatabaseSync, file: string): void {
  database.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA auto_vacuum = INCREMENTAL`)
  // A file of another application is refused before anything is written to it.
  const isNew = number(database, 'SELECT count(*) FROM sqlite_schema') === 0
  if (!isNew) assertOwn(database, file)
  // Events wait for a checkpoint: some 8 ms for one of 1,000 pages, 57 for one of 10,000, and both take the same processor time.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -4096;
  `)
  assertDurable(database, file)
  if (isNew)
    transaction(database, () => {
      database.exec(SCHEMA)
      createSegment(database, 1)
    })
  else database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  if (number(database, 'PRAGMA user_version') === 1)
    transaction(database, () => database.exec(FROM_VERSION_1))
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
}

/** Throws QueueCorruptError for a database of another application, QueueUnavailableError for one of a newer version. */
export function assertOwn(database: DatabaseSync, file: string): void {
  if (number(database, 'PRAGMA application_id') !== APPLICATION_ID)
    throw openError({ kind: 'corrupt', reason: 'it is not a queue of this service' }, file)
  if (number(database, 'PRAGMA user_version') > SCHEMA_VERSION)
    throw openError({ kind: 'unavailable', reason: 'a newer version of this service made it' }, file)
}

/** Throws QueueUnavailableError unless every commit through this connection is synced before it returns. */
export function assertDurable(database: DatabaseSync, file: string): void {
  const journal = database.prepare('PRAGMA journal_mode').get()?.['journal_mode']
  const synchronous = number(database, 'PRAGMA synchronous')
  if (journal !== 'wal' || synchronous !== 2)
    throw openError(
      {
        kind: 'unavailable',
        reason: `SQLite would not sync every commit (journal_mode ${String(journal)}, synchronous ${synchronous})`,
      },
      file,
    )
}

/** The one number that a query of one row and column gives. */
export function number(database: DatabaseSync, sql: string): number {
  const [value] = Object.values({ ...database.prepare(sql).get() })
  return Number(value)
}

/** Runs the work in one transaction. When this returns it is on disk; when it throws nothing of it happened. */
export function transaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    // A full disk or an I/O error may have ended the transaction already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
