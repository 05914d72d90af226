import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import t from 'tap'
import { unpackEvents } from '../../../src/queue/drivers/sqlite-batch.ts'
import { Bulk } from '../../../src/queue/drivers/sqlite-bulk.ts'

type Event = { seq: number; key: string; event: Buffer }

function open(t: Test, events: readonly Event[]) {
  const database = new DatabaseSync(':memory:')
  t.teardown(() => database.close())
  database.exec('CREATE TABLE events (seq INTEGER PRIMARY KEY, partition_key TEXT, body BLOB)')
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?)')
  for (const { seq, key, event } of events) insert.run(seq, key, event)
  const bulk = new Bulk(database)
  const take = (after: number, rows: number, bytes = 1e9) => unpackEvents(bulk.take({ after, rows, bytes }))
  return { bulk, take }
}

void t.test('reads events as they were stored, whatever is in them', async t => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const stored = [
    { seq: 1, key: '', event: Buffer.alloc(0) },
    { seq: 2, key: 'día 🎉', event: every },
    { seq: 5, key: 'a\u0000b', event: Buffer.from('\u0000\u0000') },
    { seq: 6, key: '","', event: Buffer.from('"é🎉') },
    { seq: 9, key: '[]', event: Buffer.alloc(300_000, 0xff) },
  ]
  const { bulk, take } = open(t, stored)
  t.same(take(0, 10), stored)
  t.same(take(2, 2), stored.slice(2, 4))
  t.same(take(9, 10), [])
  t.same(
    bulk.behind(1, 3),
    stored.slice(1, 4).map(({ seq, key }) => ({ seq, key })),
  )
  t.same(bulk.behind(9, 3), [])
})

void t.test('reads no more bytes than it may, but one event at least', async t => {
  const sizes = [10, 10, 10, 1_000, 10]
  const { take } = open(
    t,
    sizes.map((size, index) => ({ seq: index + 1, key: 'k', event: Buffer.alloc(size) })),
  )
  const cases: [after: number, bytes: number, read: number[]][] = [
    [0, 2_000, [1, 2, 3, 4, 5]],
    [0, 1, [1]],
    [3, 999, [4]],
    [4, 10, [5]],
  ]
  for (const [after, bytes, read] of cases)
    t.same(
      take(after, 100, bytes).map(({ seq }) => seq),
      read,
      `${bytes} bytes behind ${after}`,
    )
  for (let bytes = 1; bytes < 1_100; bytes += 7) {
    const read = take(0, 100, bytes)
    const size = read.reduce((sum, { event }) => sum + event.length, 0)
    t.ok(size <= bytes || read.length === 1, `${size} of ${bytes} bytes`)
  }
})

void t.test('reads nothing of what it leaves for later, however large that is', async t => {
  const file = join(t.testdir(), 'queue.sqlite')
  const body = Buffer.alloc(100_000, 0xaa)
  const written = new DatabaseSync(file)
  written.exec('CREATE TABLE events (seq INTEGER PRIMARY KEY, partition_key TEXT, body BLOB)')
  const insert = written.prepare('INSERT INTO events VALUES (?, ?, ?)')
  for (const [seq, event] of [Buffer.from('first'), body].entries()) insert.run(seq + 1, 'k', event)
  written.close()
  // Pages of the second body name a next one that is not there: reading it fails, and knowing its length does not.
  const bytes = readFileSync(file)
  const page = body.subarray(0, 4092)
  for (let at = 0; at < bytes.length; at += 4096)
    if (bytes.subarray(at + 4, at + 4096).equals(page)) bytes.writeUInt32BE(0xffff, at)
  writeFileSync(file, bytes)
  const database = new DatabaseSync(file)
  t.teardown(() => database.close())
  const bulk = new Bulk(database)
  t.same(unpackEvents(bulk.take({ after: 0, rows: 10, bytes: 1_000 })), [
    { seq: 1, key: 'k', event: Buffer.from('first') },
  ])
  t.throws(() => bulk.take({ after: 1, rows: 10, bytes: 1_000 }), { message: /malformed/ })
})

void t.test('removes ranges and single ones, and tells what was there', async t => {
  const { bulk, take } = open(
    t,
    Array.from('abcdefg', (key, index) => ({ seq: index + 1, key, event: Buffer.from(key) })),
  )
  t.same(bulk.remove([]), [])
  t.same(bulk.remove([6, 1, 2, 3, 99]), [
    { seq: 1, key: 'a' },
    { seq: 2, key: 'b' },
    { seq: 3, key: 'c' },
    { seq: 6, key: 'f' },
  ])
  t.same(bulk.remove([3, 4]), [{ seq: 4, key: 'd' }])
  t.same(
    take(0, 10).map(({ key }) => key),
    ['e', 'g'],
  )
})
