import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import t from 'tap'
import { packBatch, unpackBatch, unpackEvents } from '../../../src/queue/drivers/sqlite-batch.ts'
import { Store, type StoreOptions } from '../../../src/queue/drivers/sqlite-store.ts'
import { message } from '../fixtures/message.ts'
import { directory } from './fixtures/directory.ts'

const NOW = 1_000_000
const NONE: ReadonlySet<number> = new Set()

function open(t: Test, file = join(directory(t), 'queue.db'), more: Partial<StoreOptions> = {}) {
  const store = new Store({ file, dedupeWindow: 60_000, maxAttempts: 2, maxSize: Infinity, ...more })
  let close = () => {
    store.close()
    close = () => {}
  }
  t.teardown(() => close())
  const change = (work: () => void, now = NOW): void => store.transaction(now, work)
  const add = (keys: string, now = NOW): void =>
    change(() => {
      for (const key of keys)
        for (const event of unpackBatch(packBatch([message(key)]))) t.ok(store.add(event, now))
    })
  const stats = (leased = NONE, now = NOW) => store.stats(now, leased)
  return { file, store, change, add, stats, close: () => close() }
}

void t.test('gives numbers in the order of arrival and never one twice', async t => {
  const { store, change, add } = open(t)
  add('abc')
  t.same(
    store.scan(0, 10).map(({ seq, key }) => `${key}${seq}`),
    ['a1', 'b2', 'c3'],
  )
  change(() => store.remove(3))
  add('d')
  t.same(
    store.scan(1, 10).map(({ seq, key }) => `${key}${seq}`),
    ['b2', 'd4'],
  )
  t.equal(store.scan(0, 2).length, 2)
})

void t.test('finds the messages of a key', async t => {
  const { store, add } = open(t)
  add('abaaba')
  t.same(store.ofKey('a', 2, 6, 10), [3, 4, 6])
  t.same(store.ofKey('a', 3, 5, 10), [3, 4])
  t.same(store.ofKey('a', 1, 6, 2), [1, 3])
  t.same(store.ofKey('c', 1, 6, 2), [])
})

void t.test('buries a message that has failed as often as it may', async t => {
  const { store, change, add, stats } = open(t)
  add('ab')
  change(() => t.notOk(store.fail(1, NOW + 50, 'first', NOW)))
  t.equal(store.read(1).attempts, 1)
  t.match(store.scan(0, 1), [{ notBefore: NOW + 50 }])
  t.match(stats(), { waiting: 1, delayed: 1, dead: 0 })
  t.match(stats(NONE, NOW + 50), { waiting: 2, delayed: 0 })
  const { body } = store.read(1)
  change(() => t.ok(store.fail(1, 0, 'second', NOW + 7)))
  t.match(stats(), { waiting: 1, delayed: 0, dead: 1 })
  t.same(store.dead(0, 10), [{ seq: 1, attempts: 2, reason: 'second', diedAt: NOW + 7, event: body }])
  t.same(store.dead(1, 10), [])
  t.throws(() => store.read(1), TypeError, 'it is no longer in the queue')
})

void t.test('puts dead letters back at the end, as if they were new', async t => {
  const { store, change, add, stats } = open(t)
  add('abcd')
  const bodies = [1, 2, 3].map(seq => store.read(seq).body)
  for (const seq of [1, 2, 3])
    change(() => {
      store.fail(seq, 0, 'once', NOW)
      store.fail(seq, 0, 'twice', NOW)
    })
  change(() => t.equal(store.redrive([2, 2, 99], 1000, NOW).length, 1))
  change(() => t.equal(store.redrive(undefined, 1, NOW).length, 1))
  t.same(
    store.dead(0, 10).map(({ seq }) => seq),
    [3],
  )
  change(() => t.equal(store.redrive(undefined, 1000, NOW).length, 1))
  t.same(
    store.scan(4, 10).map(({ seq, key }) => `${key}${seq}`),
    ['b5', 'a6', 'c7'],
  )
  t.same(store.read(6), { attempts: 0, body: bodies[0] })
  t.match(stats(), { waiting: 4, dead: 0 })
})

void t.test('counts, also after it was opened again', async t => {
  const { store, file, change, add, stats, close } = open(t)
  t.match(stats(), { waiting: 0, leased: 0, delayed: 0, dead: 0, oldestAge: 0 })
  add('ab', NOW - 300)
  add('cd', NOW - 100)
  change(() => store.remove(2))
  t.match(stats(), { waiting: 3, oldestAge: 300 })
  t.match(stats(new Set([1])), { waiting: 2, leased: 1, oldestAge: 100 })
  t.match(stats(new Set([1, 3, 4])), { waiting: 0, leased: 3, oldestAge: 0 })
  t.match(stats(NONE, NOW - 1000), { oldestAge: 0 }, 'not negative when the clock was set back')
  t.ok(stats().bytes >= statSync(file).size)
  close()
  t.match(open(t, file).stats(), { waiting: 3, dead: 0 })
})

void t.test('undoes what fails, counts and remembered ids too', async t => {
  const { store, change, add, stats } = open(t)
  add('a')
  const [event] = unpackBatch(packBatch([message('b')]))
  if (event === undefined) throw new Error('no event')
  const fails = () => {
    store.add(event, NOW)
    store.remove(1)
    throw new Error('in the middle')
  }
  t.throws(() => change(fails), { message: 'in the middle' })
  t.match(stats(), { waiting: 1 })
  change(() => t.ok(store.add(event, NOW)))
  t.match(stats(), { waiting: 2 })
  change(() => t.notOk(store.add(event, NOW), 'stored now'))
  t.match(stats(), { waiting: 2 })
})

void t.test('gives the disk back', async t => {
  const { file, store, change, add } = open(t)
  for (let round = 0; round < 50; round++) add('x'.repeat(100))
  change(() => {
    for (const { seq } of store.scan(0, 10_000)) store.remove(seq)
  })
  let steps = 0
  while (store.shrink(20)) steps++
  t.ok(steps > 5, 'in steps')
  t.equal(statSync(`${file}-wal`).size, 0)
  // What is left are the remembered ids.
  t.ok(statSync(file).size < 500_000, `${statSync(file).size} bytes`)
})

void t.test('can be read from outside while it is open', async t => {
  const { file, add } = open(t)
  add('abc')
  const reader = new DatabaseSync(file, { readOnly: true })
  t.teardown(() => reader.close())
  t.match(reader.prepare('SELECT count(*) AS count, min(partition_key) AS key FROM events_1').get(), {
    count: 3,
    key: 'a',
  })
})

void t.test('reads on from anywhere, and stops at a number of events or bytes', async t => {
  const { store, add } = open(t)
  add('abc')
  const seqs = (after: number, rows: number, bytes: number) =>
    unpackEvents(store.take({ after, rows, bytes })).map(({ seq, key }) => `${key}${seq}`)
  t.same(seqs(0, 10, 1e6), ['a1', 'b2', 'c3'])
  t.same(seqs(1, 1, 1e6), ['b2'])
  t.same(seqs(0, 10, 1), ['a1'], 'one at least')
  t.same(seqs(3, 10, 1e6), [])
})

void t.test('settles what is there, once', async t => {
  const { store, change, add, stats } = open(t)
  add('abcde')
  change(() =>
    t.same(store.settle([4, 1, 2, 9]), [
      [1, 2],
      [4, 4],
    ]),
  )
  t.match(stats(), { waiting: 2 })
  change(() => t.same(store.settle([1, 2, 4]), []))
  change(() => t.equal(store.bury(4, 7, 'no', NOW), undefined, 'it is settled'))
  change(() => t.equal(store.bury(3, 7, 'no', NOW), 'c'))
  change(() => t.equal(store.bury(3, 7, 'no', NOW), undefined))
  change(() => t.same(store.settle([3]), []))
  t.match(stats(), { waiting: 1, dead: 1 })
  t.match(store.dead(0, 10), [{ seq: 3, attempts: 7, reason: 'no' }])
})

/** Segments of three events, which are crossed all the time. */
const TINY = { segments: { events: 3 } }
const left = (store: Store) => store.scan(0, 100).map(({ seq, key }) => `${key}${seq}`)

void t.test('reads over the borders of segments and over what is settled', async t => {
  const { store, change, add, stats } = open(t, undefined, TINY)
  add('abcdefghij')
  change(() => void store.settle([1, 3, 4, 7, 9]))
  t.same(left(store), ['b2', 'e5', 'f6', 'h8', 'j10'])
  t.same(store.located(0, 3), [
    { seq: 2, key: 'b' },
    { seq: 5, key: 'e' },
    { seq: 6, key: 'f' },
  ])
  t.same(store.located(6, 5), [
    { seq: 8, key: 'h' },
    { seq: 10, key: 'j' },
  ])
  const taken: string[] = []
  for (let after = 0, some = store.take({ after, rows: 2, bytes: 1e6 }); ;) {
    const events = unpackEvents(some)
    if (events.length === 0) break
    for (const { seq, key } of events) taken.push(`${key}${seq}`)
    after = events.at(-1)?.seq ?? after
    some = store.take({ after, rows: 2, bytes: 1e6 })
  }
  t.same(taken, ['b2', 'e5', 'f6', 'h8', 'j10'])
  t.match(stats(), { waiting: 5 })
  change(() => void store.settle([2, 5, 6, 8, 10]))
  t.same(left(store), [])
  t.match(stats(), { waiting: 0, oldestAge: 0 })
  add('k')
  t.same(left(store), ['k11'], 'no number is given twice')
})

void t.test('finds the messages of a key in all segments', async t => {
  const { store, add } = open(t, undefined, TINY)
  add('abaabaabaab')
  t.same(store.ofKey('a', 3, 10, 4), [3, 4, 6, 7])
  t.same(store.ofKey('b', 1, 11, 10), [2, 5, 8, 11])
})

void t.test('drops a segment with the last of its events, however that goes', async t => {
  const { file, store, change, add } = open(t, undefined, TINY)
  const tables = () => {
    const reader = new DatabaseSync(file, { readOnly: true })
    const names = reader.prepare(
      `SELECT name FROM sqlite_schema WHERE name GLOB 'events_[0-9]*' AND type = 'table'`,
    )
    const rows = names.all().map(({ name }) => {
      const { count } = Object(reader.prepare(`SELECT count(*) AS count FROM ${String(name)}`).get())
      return `${String(name)}: ${count}`
    })
    reader.close()
    return rows
  }
  add('abcdefgh')
  t.same(tables(), ['events_1: 3', 'events_2: 3', 'events_3: 2'])
  change(() => void store.settle([1, 2, 4]))
  t.same(tables(), ['events_1: 3', 'events_2: 3', 'events_3: 2'], 'no row is deleted for itself')
  change(() => store.remove(5))
  change(() => void store.bury(6, 1, 'no', NOW))
  t.same(tables(), ['events_1: 3', 'events_2: 1', 'events_3: 2'], 'one before it is not settled')
  change(() => void store.settle([3]))
  t.same(tables(), ['events_3: 2'])
  t.throws(() => store.read(1), TypeError, 'it is no longer in the queue')
  change(() => void store.settle([8, 7]))
  t.same(tables(), ['events_3: 0'], 'the last is emptied')
  add('ijkl')
  t.same(tables(), ['events_3: 3', 'events_4: 1'])
  t.same(left(store), ['i9', 'j10', 'k11', 'l12'])
})

void t.test('begins a segment when one has enough bytes', async t => {
  const { store, change, add } = open(t, undefined, { segments: { bytes: 1 } })
  add('abc')
  change(() => void store.settle([1, 2]))
  t.same(left(store), ['c3'])
})

void t.test('a crash brings back what was settled behind others, and nothing else', async t => {
  for (const [name, isClosed] of Object.entries({ killed: false, closed: true })) {
    const { file, store, change, add, stats, close } = open(t, undefined, TINY)
    add('abcdefgh')
    change(() => void store.settle([1, 2, 3, 5, 6]))
    if (isClosed) change(() => store.deleteSettled())
    t.match(stats(), { waiting: 3 }, name)
    close()
    const again = open(t, file, TINY)
    t.same(left(again.store), isClosed ? ['d4', 'g7', 'h8'] : ['d4', 'e5', 'f6', 'g7', 'h8'], name)
    t.match(again.stats(), { waiting: isClosed ? 3 : 5 }, name)
    again.change(() => t.same(again.store.settle([2, 4, 5, 6]), isClosed ? [[4, 4]] : [[4, 6]], name))
    again.add('i')
    t.same(left(again.store), ['g7', 'h8', 'i9'], name)
  }
})

void t.test('remembers no more in memory alone than a crash may bring back', async t => {
  const { file, store, change, add, close } = open(t)
  add('k'.repeat(100))
  for (let at = 0; at < 165; at++) add('k'.repeat(100))
  const last = store.last
  const behind = Array.from({ length: last - 1 }, (_, index) => index + 2)
  change(() => void store.settle(behind.slice(0, 16_000)))
  change(() => void store.settle(behind.slice(16_000)))
  close()
  t.same(left(open(t, file).store), ['k1'])
})

void t.test('undoes what fails, segments and what is settled too', async t => {
  const { store, change, add, stats } = open(t, undefined, TINY)
  add('abcd')
  const [event] = unpackBatch(packBatch([message('x')]))
  if (event === undefined) throw new Error('no event')
  const fails = () => {
    store.settle([1, 2, 3])
    store.settle([4])
    for (let count = 0; count < 7; count++)
      store.add({ ...event, dedupeKey: Uint8Array.from({ length: 24 }, () => count) }, NOW)
    throw new Error('in the middle')
  }
  t.throws(() => change(fails), { message: 'in the middle' })
  t.same(left(store), ['a1', 'b2', 'c3', 'd4'])
  t.match(stats(), { waiting: 4 })
  add('ef')
  change(() => void store.settle([1, 2, 3, 4]))
  t.same(left(store), ['e5', 'f6'])
})

void t.test('remembers no more ids than fit in a quarter of its largest size', async t => {
  const maxSize = 2_000_000
  const file = join(directory(t), 'queue.db')
  const settings = { file, dedupeWindow: 86_400_000, maxAttempts: 2, maxSize }
  let store = new Store(settings)
  t.teardown(() => store.close())
  const ids = Array.from({ length: 40 }, () =>
    Array.from(
      { length: 1_000 },
      () => unpackBatch(packBatch([message()]))[0]?.dedupeKey ?? new Uint8Array(),
    ),
  )
  for (const [round, some] of ids.entries()) {
    for (const key of some) store.seen.note(key, NOW)
    store.transaction(NOW + round, () => {})
    if (round === 20) {
      store.close()
      store = new Store(settings)
    }
  }
  const database = new DatabaseSync(file, { readOnly: true })
  t.teardown(() => database.close())
  const pages = (table: string) =>
    Number(database.prepare(`SELECT sum(pgsize) AS size FROM dbstat WHERE name = ?`).get(table)?.['size'])
  const size = pages('seen_0') + pages('seen_1')
  t.ok(size > maxSize / 16 && size <= maxSize / 4, `${size} bytes`)
  t.equal(store.seen.among(ids.at(-1) ?? []).length, 1_000, 'the last ones for sure')
  t.equal(store.seen.among(ids[0] ?? []).length, 0)
})
