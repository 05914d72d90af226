import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import t from 'tap'
import { unpackEvents } from '../../../src/queue/drivers/sqlite-batch.ts'
import { openDatabase } from '../../../src/queue/drivers/sqlite-schema.ts'
import { SegmentTable } from '../../../src/queue/drivers/sqlite-segment.ts'
import { directory } from './fixtures/directory.ts'

type Event = { seq: number; key: string; event: Buffer }

const END = Number.MAX_SAFE_INTEGER

function open(t: Test, events: readonly Event[], file = join(directory(t), 'queue.db')) {
  const database = openDatabase(file)
  t.teardown(() => database.isOpen && database.close())
  const table = new SegmentTable(database, 1)
  for (const { seq, key, event } of events) table.add.run(seq, key, 0, event)
  const take = (after: number, rows: number, bytes = 1e9, before = END) =>
    unpackEvents(table.take({ after, before }, { rows, bytes }))
  return { database, table, take }
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
  const { table, take } = open(t, stored)
  t.same(take(0, 10), stored)
  t.same(take(2, 2), stored.slice(2, 4))
  t.same(take(9, 10), [])
  t.same(take(1, 10, 1e9, 6), stored.slice(1, 3), 'before another')
  t.same(
    table.behind({ after: 1, before: END }, 3),
    stored.slice(1, 4).map(({ seq, key }) => ({ seq, key })),
  )
  t.same(table.behind({ after: 9, before: END }, 3), [])
  t.same(table.behind({ after: 0, before: 1 }, 3), [])
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
  const file = join(directory(t), 'queue.db')
  const body = Buffer.alloc(100_000, 0xaa)
  const stored = [Buffer.from('first'), body].map((event, index) => ({ seq: index + 1, key: 'k', event }))
  open(t, stored, file).database.close()
  // Pages of the second body name a next one that is not there: reading it fails, and knowing its length does not.
  const bytes = readFileSync(file)
  const page = body.subarray(0, 4092)
  for (let at = 0; at < bytes.length; at += 4096)
    if (bytes.subarray(at + 4, at + 4096).equals(page)) bytes.writeUInt32BE(0xffff, at)
  writeFileSync(file, bytes)
  const { take } = open(t, [], file)
  t.same(take(0, 10, 1_000), [{ seq: 1, key: 'k', event: Buffer.from('first') }])
  t.throws(() => take(1, 10, 1_000), { message: /malformed/ })
})

void t.test('tells which of a range are there', async t => {
  const { table } = open(
    t,
    [2, 3, 4, 6, 9].map(seq => ({ seq, key: 'k', event: Buffer.alloc(1) })),
  )
  t.same(table.present([2, 4]), [[2, 4]])
  t.same(table.present([1, 9]), [
    [2, 4],
    [6, 6],
    [9, 9],
  ])
  t.same(table.present([7, 8]), [])
})
