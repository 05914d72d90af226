import { join } from 'node:path'
import t from 'tap'
import { packKeys, unpackKeys } from '../../../src/queue/drivers/sqlite-batch.ts'
import { SeenIds } from '../../../src/queue/drivers/sqlite-dedupe.ts'
import { openDatabase } from '../../../src/queue/drivers/sqlite-schema.ts'
import { message } from '../fixtures/message.ts'
import { directory } from './fixtures/directory.ts'

const WINDOW = 1000
const START = 1_776_134_278_574
const id = Buffer.from('an id of one event')

void t.test('remembers an id for the window at least and for two at most', async t => {
  // The moment within a generation at which the id is stored, how often anything else comes, and how late.
  for (const offset of [0, 1, 500, 999])
    for (const every of [WINDOW / 10, WINDOW, WINDOW * 5]) {
      const database = openDatabase(join(directory(t), `${offset}-${every}.db`))
      t.teardown(() => database.close())
      const seen = new SeenIds(database, WINDOW)
      const first = Math.ceil(START / WINDOW) * WINDOW + offset
      seen.rotate(first)
      t.ok(seen.add(id))
      for (let age = every; age < WINDOW * 4; age += every) {
        seen.rotate(first + age)
        // Asking must not renew it, so a transaction asks and is undone.
        database.exec('BEGIN')
        const isNew = seen.add(id)
        database.exec('ROLLBACK')
        if (age < WINDOW) t.notOk(isNew, `stored at ${offset}, known after ${age}`)
        if (age >= WINDOW * 2) t.ok(isNew, `stored at ${offset}, forgotten after ${age}`)
      }
    }
})

void t.test('remembers across a restart', async t => {
  const file = join(directory(t), 'queue.db')
  for (const [now, isNew] of [
    [START, true],
    [START + 900, false],
    [START + 2000, true],
    [START + 2100, false],
  ] as const) {
    const database = openDatabase(file)
    const seen = new SeenIds(database, WINDOW)
    seen.rotate(now)
    t.equal(seen.add(id), isNew, `after ${now - START}`)
    database.close()
  }
})

void t.test('forgets nothing too early when the clock is set back', async t => {
  const database = openDatabase(join(directory(t), 'queue.db'))
  t.teardown(() => database.close())
  const seen = new SeenIds(database, WINDOW)
  seen.rotate(START + 100_000)
  t.ok(seen.add(id))
  seen.rotate(START)
  t.notOk(seen.add(id))
  seen.rotate(START + 999)
  t.notOk(seen.add(id))
  seen.rotate(START + 2000)
  t.ok(seen.add(id), 'and not for ever')
})

void t.test('can be off', async t => {
  const database = openDatabase(join(directory(t), 'queue.db'))
  t.teardown(() => database.close())
  const seen = new SeenIds(database, 0)
  seen.rotate(START)
  t.ok(seen.add(id))
  t.ok(seen.add(id))
})

void t.test('keeps its generations when the change fails', async t => {
  const database = openDatabase(join(directory(t), 'queue.db'))
  t.teardown(() => database.close())
  const seen = new SeenIds(database, WINDOW)
  seen.rotate(START)
  t.ok(seen.add(id))
  database.exec('PRAGMA query_only = 1')
  t.throws(() => seen.rotate(START + 10 * WINDOW), { code: 'ERR_SQLITE_ERROR' })
  database.exec('PRAGMA query_only = 0')
  t.notOk(seen.add(id))
})

void t.test('begins a generation before its time when one is full', async t => {
  const database = openDatabase(join(directory(t), 'queue.db'))
  t.teardown(() => database.close())
  const seen = new SeenIds(database, WINDOW)
  seen.rotate(START)
  t.ok(seen.add(id))
  t.notOk(seen.rotate(START + 1))
  t.ok(seen.rotate(START + 1, true))
  t.notOk(seen.add(id), 'in the one before')
  t.notOk(seen.rotate(START + WINDOW), 'which lasts as long as any')
  t.ok(seen.rotate(START + 2 * WINDOW, true))
  t.ok(seen.add(id))
})

void t.test('tells the latest timestamp that it remembers, in whichever generation', async t => {
  const database = openDatabase(join(directory(t), 'queue.db'))
  t.teardown(() => database.close())
  const seen = new SeenIds(database, WINDOW)
  t.equal(seen.newest(), 0)
  seen.rotate(START)
  for (const [now, timestamp, newest] of [
    [START, START - 5, START - 5],
    [START, 0, START - 5],
    [START + WINDOW, START - 7, START - 5],
    [START + WINDOW, START + 9, START + 9],
  ] as const) {
    seen.rotate(now)
    for (const key of unpackKeys(packKeys([{ ...message(), timestamp }]))) seen.add(key)
    t.equal(seen.newest(), newest)
  }
})
