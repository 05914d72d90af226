import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Window } from '../../src/queue/spool-window.ts'
import type { StoredEvent } from '../../src/queue/types.ts'
import { until } from './drivers/fixtures/engine.ts'

/** A store of one event for each letter, which is its key; and a window on it. */
function windowOn(keys: string, limits = { rows: 100, bytes: 1_000 }) {
  const stored: StoredEvent[] = Array.from(keys, (key, index) => ({
    seq: index + 1,
    key,
    event: Buffer.alloc(10),
  }))
  const window = new Window(limits)
  const event = (seq: number) => stored[seq - 1] ?? { seq, key: '', event: Buffer.alloc(0) }
  const gone = new Set<number>()
  return {
    window,
    event,
    /** Reads up to this one. */
    read: (upTo = Infinity) => {
      const after = window.cursor
      window.add(
        stored.filter(({ seq }) => seq > after && seq <= upTo && !gone.has(seq)),
        after,
      )
    },
    /** What may be published next: `a1` is its key and number. */
    next: () => {
      const next = window.next()
      return next && `${next.key}${next.seq}`
    },
    settle: (...seqs: number[]) => {
      for (const seq of seqs) gone.add(seq)
      window.settled(seqs.map(event))
    },
  }
}

void t.test('hands out one event of a key at a time, in order', async t => {
  const { window, read, next, event } = windowOn('aabab')
  t.notOk(window.isReady)
  read()
  t.ok(window.isReady)
  t.same([next(), next(), next()], ['a1', 'b3', undefined])
  window.confirmed(event(3))
  window.confirmed(event(1))
  t.same([next(), next(), next()], ['b5', 'a2', undefined])
  window.failed(event(2))
  t.same([next(), next()], ['a2', undefined], 'again')
  for (const seq of [2, 5]) window.confirmed(event(seq))
  t.equal(next(), 'a4')
  window.confirmed(event(4))
  t.notOk(window.isReady)
  t.throws(() => window.failed(event(4)), TypeError)
})

void t.test('has room for so many events, so many bytes, and so many that wait to be removed', async t => {
  for (const limits of [
    { rows: 2, bytes: 1_000 },
    { rows: 100, bytes: 20 },
  ]) {
    const { window, read, next, event } = windowOn('ab', limits)
    read(1)
    t.ok(window.hasRoom)
    read()
    t.notOk(window.hasRoom)
    next()
    window.confirmed(event(1))
    t.ok(window.hasRoom)
  }
  const { window, read, next, event, settle } = windowOn('a'.repeat(16_385), { rows: 1e6, bytes: 1e6 })
  read()
  t.notOk(window.hasRoom)
  next()
  window.confirmed(event(1))
  t.notOk(window.hasRoom)
  settle(1)
  t.ok(window.hasRoom)
})

void t.test('leaves the events of a parked key, and reads them in order when it is released', async t => {
  const { window, read, next, event, settle } = windowOn('abacabc')
  read(3)
  t.same([next(), next()], ['a1', 'b2'])
  window.park(event(1))
  window.confirmed(event(2))
  read()
  t.same([next(), next(), next()], ['c4', 'b6', undefined])
  window.release(event(1))
  window.add([event(7)], 7)
  t.equal(next(), undefined, 'what was asked for before it was released is not taken')
  // b2 is confirmed and still in the store, c4 and b6 are under way.
  read()
  t.same([next(), next()], ['a1', undefined])
  window.confirmed(event(1))
  settle(1, 2)
  window.confirmed(event(4))
  t.same([next(), next(), next()], ['a3', 'c7', undefined])
})

void t.test('goes back to the first of several keys', async t => {
  const { window, read, next, event } = windowOn('abab')
  read()
  t.same([next(), next()], ['a1', 'b2'])
  for (const seq of [1, 2]) window.park(event(seq))
  t.notOk(window.isReady)
  window.release(event(1))
  window.release(event(2))
  t.equal(window.cursor, 0)
  read()
  t.same([next(), next()], ['a1', 'b2'])
})

void t.test('begins anew once it knows of nothing in the store', t => {
  const { window, read, next, event, settle } = windowOn('abb')
  read()
  t.same([next(), next()], ['a1', 'b2'])
  window.confirmed(event(2))
  settle(2)
  window.park(event(1))
  t.equal(next(), 'b3')
  window.confirmed(event(3))
  settle(3)
  t.equal(window.cursor, 3, 'it would read what is parked again and again')
  window.release(event(1))
  read()
  t.equal(next(), 'a1')
  window.confirmed(event(1))
  t.equal(window.cursor, 1)
  settle(1)
  t.equal(window.cursor, 0)
  t.end()
})

void t.test('keeps nothing of what it leaves in the store', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const window = new Window({ rows: 10, bytes: 1e9 })
  const size = 1024 * 1024
  gc()
  const before = process.memoryUsage().arrayBuffers
  for (let seq = 1; seq <= 32; seq++) {
    window.add([{ seq, key: `key ${seq}`, event: Buffer.alloc(size) }], window.cursor)
    const event = window.next()
    if (event) window.park(event)
  }
  // What is found to be garbage is given back by another thread, some time later.
  await until(() => {
    gc()
    return process.memoryUsage().arrayBuffers - before < 4 * size
  })
})
