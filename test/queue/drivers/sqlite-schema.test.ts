import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { packBatch, unpackBatch } from '../../../src/queue/drivers/sqlite-batch.ts'
import { inspectQueue } from '../../../src/queue/drivers/sqlite-inspect.ts'
import { assertDurable, number, openDatabase, transaction } from '../../../src/queue/drivers/sqlite-schema.ts'
import { Store } from '../../../src/queue/drivers/sqlite-store.ts'
import { message } from '../fixtures/message.ts'
import { directory } from './fixtures/directory.ts'

void t.test('syncs every commit', async t => {
  const file = join(directory(t), 'queue.db')
  for (const time of ['new', 'opened again']) {
    const database = openDatabase(file)
    t.equal(number(database, 'PRAGMA synchronous'), 2, `${time}: FULL`)
    t.equal(database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal', time)
    t.equal(number(database, 'PRAGMA auto_vacuum'), 2, `${time}: incremental`)
    t.equal((statSync(`${file}-wal`).mode & 0o777).toString(8), '600')
    database.close()
  }
})

void t.test('refuses to work without a sync', async t => {
  const file = join(directory(t), 'queue.db')
  const database = openDatabase(file)
  t.teardown(() => database.close())
  assertDurable(database, file)
  database.exec('PRAGMA synchronous = NORMAL')
  t.throws(() => assertDurable(database, file), { code: 'ERR_QUEUE_UNAVAILABLE', message: /synchronous 1/ })
  database.exec('PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE')
  t.throws(() => assertDurable(database, file), {
    code: 'ERR_QUEUE_UNAVAILABLE',
    message: /journal_mode delete/,
  })
})

void t.test('brings what a crash left in the log to the disk before it serves', async t => {
  const parent = directory(t)
  const [file, copy] = [join(parent, 'queue.db'), join(parent, 'copy.db')]
  const crashed = openDatabase(file)
  t.teardown(() => crashed.close())
  crashed.exec(`INSERT INTO events_1 (seq, partition_key, created, body) VALUES (1, 'room', 1, x'00')`)
  for (const suffix of ['', '-wal']) writeFileSync(copy + suffix, readFileSync(file + suffix))
  t.ok(statSync(`${copy}-wal`).size > 0)
  const database = openDatabase(copy)
  t.teardown(() => database.close())
  t.equal(statSync(`${copy}-wal`).size, 0)
  t.equal(number(database, 'SELECT count(*) FROM events_1'), 1)
})

void t.test('changes nothing in a file that is no queue', async t => {
  const parent = directory(t)
  writeFileSync(join(parent, 'text.db'), 'some text that SQLite will not take for a database'.repeat(100))
  const other = new DatabaseSync(join(parent, 'other.db'))
  other.exec('CREATE TABLE mine (a)')
  other.close()
  for (const name of ['text.db', 'other.db']) {
    const before = readFileSync(join(parent, name))
    t.throws(() => openDatabase(join(parent, name)), name)
    t.same(readFileSync(join(parent, name)), before)
  }
  t.throws(() => openDatabase(join(parent, 'other.db')), { code: 'ERR_QUEUE_CORRUPT' })
})

void t.test('leaves the queue of a newer version alone', async t => {
  const file = join(directory(t), 'queue.db')
  const newer = openDatabase(file)
  newer.exec('PRAGMA user_version = 3')
  newer.close()
  t.throws(() => openDatabase(file), { code: 'ERR_QUEUE_UNAVAILABLE', message: /newer version/ })
})

void t.test('undoes a transaction that fails', async t => {
  const database = new DatabaseSync(':memory:')
  t.teardown(() => database.close())
  database.exec('CREATE TABLE one (a)')
  const insert = () => database.exec('INSERT INTO one VALUES (1)')
  const fails = () => {
    insert()
    throw new Error('in the middle')
  }
  t.throws(() => transaction(database, fails), { message: 'in the middle' })
  const endsItself = () => {
    insert()
    database.exec('ROLLBACK')
    throw new Error('SQLite has rolled back')
  }
  t.throws(() => transaction(database, endsItself), { message: 'SQLite has rolled back' })
  t.equal(number(database, 'SELECT count(*) FROM one'), 0)
  transaction(database, insert)
  t.equal(number(database, 'SELECT count(*) FROM one'), 1)
})

/** The tables of version 1, with an event that waits and one that is delayed; the first was consumed. */
const VERSION_1 = `
  PRAGMA auto_vacuum = INCREMENTAL;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    partition_key TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX events_delayed ON events (not_before) WHERE not_before > 0;
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
  INSERT INTO counters VALUES ('waiting', 2), ('dead', 0), ('seen_current', 0), ('seen_started', 0), ('seen', 0);
  INSERT INTO events (partition_key, created, body) VALUES ('a', 1, x'00');
  INSERT INTO events (partition_key, created, body) VALUES ('b', 2, x'01');
  INSERT INTO events (partition_key, not_before, created, body) VALUES ('c', 5000, 3, x'02');
  INSERT INTO events (partition_key, created, body) VALUES ('d', 4, x'03');
  DELETE FROM events WHERE partition_key IN ('a', 'd');
  PRAGMA application_id = 0x6a656c71;
  PRAGMA user_version = 1;
`

void t.test('takes over a queue of version 1 as it is', async t => {
  const file = join(directory(t), 'queue.db')
  const old = new DatabaseSync(file)
  old.exec(VERSION_1)
  old.close()
  t.same(inspectQueue(file), { waiting: 2, dead: 0 })
  const store = new Store({ file, dedupeWindow: 60_000, maxAttempts: 2, maxSize: Infinity })
  t.teardown(() => store.close())
  t.same(store.events.scan(0, 10), [
    { seq: 2, key: 'b', notBefore: 0 },
    { seq: 3, key: 'c', notBefore: 5000 },
  ])
  t.match(store.stats(4000, new Set()), { waiting: 1, delayed: 1 })
  const [event] = unpackBatch(packBatch([message('e')]))
  if (event === undefined) throw new Error('no event')
  store.transaction(1, () => t.ok(store.add(event, 1)))
  t.same(
    store.events.scan(3, 10).map(({ seq, key }) => `${key}${seq}`),
    ['e5'],
    'no number is given twice',
  )
})
