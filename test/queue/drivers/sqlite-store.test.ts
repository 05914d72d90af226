import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { packBatch, unpackBatch } from '../../../src/queue/drivers/sqlite-batch.ts'
import { Store } from '../../../src/queue/drivers/sqlite-store.ts'
import { largeMessage, message } from '../fixtures/message.ts'
import { directory } from './fixtures/directory.ts'
import { NONE, NOW, openStore } from './fixtures/store.ts'

void t.test('gives numbers in the order of arrival and never one twice', async t => {
  const { store, change, add } = openStore(t)
  add('abc')
  t.same(
    store.events.scan(0, 10).map(({ seq, key }) => `${key}${seq}`),
    ['a1', 'b2', 'c3'],
  )
  change(() => store.events.remove(3))
  add('d')
  t.same(
    store.events.scan(1, 10).map(({ seq, key }) => `${key}${seq}`),
    ['b2', 'd4'],
  )
  t.equal(store.events.scan(0, 2).length, 2)
})

void t.test('finds the messages of a key', async t => {
  const { store, add } = openStore(t)
  add('abaaba')
  t.same(store.events.ofKey('a', 2, 6, 10), [3, 4, 6])
  t.same(store.events.ofKey('a', 3, 5, 10), [3, 4])
  t.same(store.events.ofKey('a', 1, 6, 2), [1, 3])
  t.same(store.events.ofKey('c', 1, 6, 2), [])
})

void t.test('buries a message that has failed as often as it may', async t => {
  const { store, change, add, stats } = openStore(t)
  add('ab')
  change(() => t.notOk(store.fail(1, NOW + 50, 'first', NOW)))
  t.equal(store.events.read(1).attempts, 1)
  t.match(store.events.scan(0, 1), [{ notBefore: NOW + 50 }])
  t.match(stats(), { waiting: 1, delayed: 1, dead: 0 })
  t.match(stats(NONE, NOW + 50), { waiting: 2, delayed: 0 })
  const { body } = store.events.read(1)
  change(() => t.ok(store.fail(1, 0, 'second', NOW + 7)))
  t.match(stats(), { waiting: 1, delayed: 0, dead: 1 })
  t.same(store.dead(0, 10), [{ seq: 1, attempts: 2, reason: 'second', diedAt: NOW + 7, event: body }])
  t.same(store.dead(1, 10), [])
  t.throws(() => store.events.read(1), TypeError, 'it is no longer in the queue')
})

void t.test('puts back few dead letters at a time when they are large: events wait for it', async t => {
  const { store, change } = openStore(t)
  for (const seqs of [undefined, [1, 2, 3, 4, 5, 6]]) {
    const first = store.events.last + 1
    for (const event of unpackBatch(
      packBatch(['a', 'b', 'c', 'd', 'e', 'f'].map(key => largeMessage(key, 2 ** 20))),
    ))
      change(() => void store.add(event, NOW))
    for (let seq = first; seq < first + 6; seq++) change(() => void store.bury(seq, 2, 'too large', NOW))
    const chosen = seqs?.map(seq => seq + first - 1)
    change(() => t.same(store.redrive(chosen, 6, NOW), { keys: ['a', 'b', 'c', 'd'], isMore: true }))
    change(() => t.same(store.redrive(chosen, 6, NOW), { keys: ['e', 'f'], isMore: false }))
  }
})

void t.test('puts dead letters back at the end, as if they were new', async t => {
  const { store, change, add, stats } = openStore(t)
  add('abcd')
  const bodies = [1, 2, 3].map(seq => store.events.read(seq).body)
  for (const seq of [1, 2, 3])
    change(() => {
      store.fail(seq, 0, 'once', NOW)
      store.fail(seq, 0, 'twice', NOW)
    })
  change(() => t.same(store.redrive([2, 2, 99], 1000, NOW), { keys: ['b'], isMore: false }))
  change(() => t.same(store.redrive(undefined, 1, NOW), { keys: ['a'], isMore: true }))
  t.same(
    store.dead(0, 10).map(({ seq }) => seq),
    [3],
  )
  change(() => t.same(store.redrive(undefined, 1000, NOW), { keys: ['c'], isMore: false }))
  t.same(
    store.events.scan(4, 10).map(({ seq, key }) => `${key}${seq}`),
    ['b5', 'a6', 'c7'],
  )
  t.same(store.events.read(6), { attempts: 0, body: bodies[0] })
  t.match(stats(), { waiting: 4, dead: 0 })
})

void t.test('counts, also after it was opened again', async t => {
  const { store, file, change, add, stats, close } = openStore(t)
  t.match(stats(), { waiting: 0, leased: 0, delayed: 0, dead: 0, oldestAge: 0 })
  add('ab', NOW - 300)
  add('cd', NOW - 100)
  change(() => store.events.remove(2))
  t.match(stats(), { waiting: 3, oldestAge: 300 })
  t.match(stats(new Set([1])), { waiting: 2, leased: 1, oldestAge: 100 })
  t.match(stats(new Set([1, 3, 4])), { waiting: 0, leased: 3, oldestAge: 0 })
  t.match(stats(NONE, NOW - 1000), { oldestAge: 0 }, 'not negative when the clock was set back')
  t.ok(stats().bytes >= statSync(file).size)
  close()
  t.match(openStore(t, file).stats(), { waiting: 3, dead: 0 })
})

void t.test('undoes what fails, counts and remembered ids too', async t => {
  const { store, change, add, stats } = openStore(t)
  add('a')
  const [event] = unpackBatch(packBatch([message('b')]))
  if (event === undefined) throw new Error('no event')
  const fails = () => {
    store.add(event, NOW)
    store.events.remove(1)
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
  const { file, store, change, add } = openStore(t)
  for (let round = 0; round < 50; round++) add('x'.repeat(100))
  change(() => {
    for (const { seq } of store.events.scan(0, 10_000)) store.events.remove(seq)
  })
  let steps = 0
  while (store.shrink(20)) steps++
  t.ok(steps > 5, 'in steps')
  t.equal(statSync(`${file}-wal`).size, 0)
  // What is left are the remembered ids.
  t.ok(statSync(file).size < 500_000, `${statSync(file).size} bytes`)
})

void t.test('can be read from outside while it is open', async t => {
  const { file, add } = openStore(t)
  add('abc')
  const reader = new DatabaseSync(file, { readOnly: true })
  t.teardown(() => reader.close())
  t.match(reader.prepare('SELECT count(*) AS count, min(partition_key) AS key FROM events_1').get(), {
    count: 3,
    key: 'a',
  })
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
