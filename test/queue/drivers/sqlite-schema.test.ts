import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { assertDurable, number, openDatabase, transaction } from '../../../src/queue/drivers/sqlite-schema.ts'
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
  crashed.exec(`INSERT INTO events (partition_key, created, body) VALUES ('room', 1, x'00')`)
  for (const suffix of ['', '-wal']) writeFileSync(copy + suffix, readFileSync(file + suffix))
  t.ok(statSync(`${copy}-wal`).size > 0)
  const database = openDatabase(copy)
  t.teardown(() => database.close())
  t.equal(statSync(`${copy}-wal`).size, 0)
  t.equal(number(database, 'SELECT count(*) FROM events'), 1)
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
  newer.exec('PRAGMA user_version = 2')
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
