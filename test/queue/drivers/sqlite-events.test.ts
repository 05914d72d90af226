import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { packBatch, unpackBatch, unpackEvents } from '../../../src/queue/drivers/sqlite-batch.ts'
import type { Store } from '../../../src/queue/drivers/sqlite-store.ts'
import { message } from '../fixtures/message.ts'
import { NOW, openStore } from './fixtures/store.ts'

void t.test('reads on from anywhere, and stops at a number of events or bytes', async t => {
  const { store, add } = openStore(t)
  add('abc')
  const seqs = (after: number, rows: number, bytes: number) =>
    unpackEvents(store.events.take({ after, rows, bytes })).map(({ seq, key }) => `${key}${seq}`)
  t.same(seqs(0, 10, 1e6), ['a1', 'b2', 'c3'])
  t.same(seqs(1, 1, 1e6), ['b2'])
  t.same(seqs(0, 10, 1), ['a1'], 'one at least')
  t.same(seqs(3, 10, 1e6), [])
})

void t.test('settles what is there, once', async t => {
  const { store, change, add, stats } = openStore(t)
  add('abcde')
  change(() =>
    t.same(store.events.settle([4, 1, 2, 9]), [
      [1, 2],
      [4, 4],
    ]),
  )
  t.match(stats(), { waiting: 2 })
  change(() => t.same(store.events.settle([1, 2, 4]), []))
  change(() => t.equal(store.bury(4, 7, 'no', NOW), undefined, 'it is settled'))
  change(() => t.equal(store.bury(3, 7, 'no', NOW), 'c'))
  change(() => t.equal(store.bury(3, 7, 'no', NOW), undefined))
  change(() => t.same(store.events.settle([3]), []))
  t.match(stats(), { waiting: 1, dead: 1 })
  t.match(store.dead(0, 10), [{ seq: 3, attempts: 7, reason: 'no' }])
})

void t.test('counts what is delayed and not settled', async t => {
  const { store, change, add, stats } = openStore(t)
  add('abcde')
  change(() => [1, 3, 4].forEach(seq => store.events.fail(seq, NOW + 1_000)))
  t.match(stats(), { waiting: 2, delayed: 3 })
  change(() => void store.events.settle([3, 5]))
  t.match(stats(), { waiting: 1, delayed: 2 }, 'behind one that is not settled')
  change(() => void store.events.settle([1]))
  t.match(stats(), { waiting: 1, delayed: 1 })
  change(() => void store.events.settle([2, 4]))
  t.match(stats(), { waiting: 0, delayed: 0 })
})

/** Segments of three events, which are crossed all the time. */
const TINY = { segments: { events: 3 } }
const left = (store: Store) => store.events.scan(0, 100).map(({ seq, key }) => `${key}${seq}`)

void t.test('reads over the borders of segments and over what is settled', async t => {
  const { store, change, add, stats } = openStore(t, undefined, TINY)
  add('abcdefghij')
  change(() => void store.events.settle([1, 3, 4, 7, 9]))
  t.same(left(store), ['b2', 'e5', 'f6', 'h8', 'j10'])
  t.same(store.events.located(0, 3), [
    { seq: 2, key: 'b' },
    { seq: 5, key: 'e' },
    { seq: 6, key: 'f' },
  ])
  t.same(store.events.located(6, 5), [
    { seq: 8, key: 'h' },
    { seq: 10, key: 'j' },
  ])
  const taken: string[] = []
  for (let after = 0, some = store.events.take({ after, rows: 2, bytes: 1e6 }); ;) {
    const events = unpackEvents(some)
    if (events.length === 0) break
    for (const { seq, key } of events) taken.push(`${key}${seq}`)
    after = events.at(-1)?.seq ?? after
    some = store.events.take({ after, rows: 2, bytes: 1e6 })
  }
  t.same(taken, ['b2', 'e5', 'f6', 'h8', 'j10'])
  t.match(stats(), { waiting: 5 })
  change(() => void store.events.settle([2, 5, 6, 8, 10]))
  t.same(left(store), [])
  t.match(stats(), { waiting: 0, oldestAge: 0 })
  add('k')
  t.same(left(store), ['k11'], 'no number is given twice')
})

void t.test('finds the messages of a key in all segments', async t => {
  const { store, add } = openStore(t, undefined, TINY)
  add('abaabaabaab')
  t.same(store.events.ofKey('a', 3, 10, 4), [3, 4, 6, 7])
  t.same(store.events.ofKey('b', 1, 11, 10), [2, 5, 8, 11])
})

void t.test('drops a segment with the last of its events, however that goes', async t => {
  const { file, store, change, add } = openStore(t, undefined, TINY)
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
  change(() => void store.events.settle([1, 2, 4]))
  t.same(tables(), ['events_1: 3', 'events_2: 3', 'events_3: 2'], 'no row is deleted for itself')
  change(() => store.events.remove(5))
  change(() => void store.bury(6, 1, 'no', NOW))
  t.same(tables(), ['events_1: 3', 'events_2: 1', 'events_3: 2'], 'one before it is not settled')
  change(() => void store.events.settle([3]))
  t.same(tables(), ['events_3: 2'])
  t.throws(() => store.events.read(1), TypeError, 'it is no longer in the queue')
  change(() => void store.events.settle([8, 7]))
  t.same(tables(), ['events_3: 0'], 'the last is emptied')
  add('ijkl')
  t.same(tables(), ['events_3: 3', 'events_4: 1'])
  t.same(left(store), ['i9', 'j10', 'k11', 'l12'])
})

void t.test('begins a segment when one has enough bytes', async t => {
  const { store, change, add } = openStore(t, undefined, { segments: { bytes: 1 } })
  add('abc')
  change(() => void store.events.settle([1, 2]))
  t.same(left(store), ['c3'])
})

void t.test('a crash brings back what was settled behind others, and nothing else', async t => {
  for (const [name, isClosed] of Object.entries({ killed: false, closed: true })) {
    const { file, store, change, add, stats, close } = openStore(t, undefined, TINY)
    add('abcdefgh')
    change(() => void store.events.settle([1, 2, 3, 5, 6]))
    if (isClosed) change(() => store.events.deleteSettled())
    t.match(stats(), { waiting: 3 }, name)
    close()
    const again = openStore(t, file, TINY)
    t.same(left(again.store), isClosed ? ['d4', 'g7', 'h8'] : ['d4', 'e5', 'f6', 'g7', 'h8'], name)
    t.match(again.stats(), { waiting: isClosed ? 3 : 5 }, name)
    again.change(() => t.same(again.store.events.settle([2, 4, 5, 6]), isClosed ? [[4, 4]] : [[4, 6]], name))
    again.add('i')
    t.same(left(again.store), ['g7', 'h8', 'i9'], name)
  }
})

void t.test('remembers no more in memory alone than a crash may bring back', async t => {
  const { file, store, change, add, close } = openStore(t)
  add('k'.repeat(100))
  for (let at = 0; at < 165; at++) add('k'.repeat(100))
  const last = store.events.last
  const behind = Array.from({ length: last - 1 }, (_, index) => index + 2)
  change(() => void store.events.settle(behind.slice(0, 16_000)))
  change(() => void store.events.settle(behind.slice(16_000)))
  close()
  t.same(left(openStore(t, file).store), ['k1'])
})

void t.test('undoes what fails, segments and what is settled too', async t => {
  const { store, change, add, stats } = openStore(t, undefined, TINY)
  add('abcd')
  const [event] = unpackBatch(packBatch([message('x')]))
  if (event === undefined) throw new Error('no event')
  const fails = () => {
    store.events.settle([1, 2, 3])
    store.events.settle([4])
    for (let count = 0; count < 7; count++)
      store.add({ ...event, dedupeKey: Uint8Array.from({ length: 24 }, () => count) }, NOW)
    throw new Error('in the middle')
  }
  t.throws(() => change(fails), { message: 'in the middle' })
  t.same(left(store), ['a1', 'b2', 'c3', 'd4'])
  t.match(stats(), { waiting: 4 })
  add('ef')
  change(() => void store.events.settle([1, 2, 3, 4]))
  t.same(left(store), ['e5', 'f6'])
})
