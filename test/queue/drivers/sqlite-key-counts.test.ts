import t from 'tap'
import { createKeyCounts, KeyCounts, mayHold, slotOf } from '../../../src/queue/drivers/sqlite-key-counts.ts'
import { createSpoolStore } from '../../../src/queue/drivers/sqlite.ts'
import { message } from '../fixtures/message.ts'
import { until } from './fixtures/engine.ts'
import { options } from './fixtures/open.ts'

function source(keys: string[]) {
  const rows = keys.map((key, index) => ({ seq: index + 1, key }))
  return {
    rows,
    last: rows.length,
    located: (after: number, limit: number) => rows.filter(({ seq }) => seq > after).slice(0, limit),
  }
}

void t.test('counts what is stored in steps, and what changes meanwhile', async t => {
  const shared = createKeyCounts()
  const view = new Int32Array(shared)
  const count = (key: string) => view[slotOf(key)]
  const stored = source([
    ...Array.from({ length: 5_000 }, () => 'a'),
    ...Array.from({ length: 10 }, () => 'b'),
  ])
  const counts = new KeyCounts(shared, stored)
  t.ok(counts.unfinished)
  t.ok(mayHold(view, 'unknown'), 'every key looks as if it had some')
  counts.advance()
  t.ok(counts.unfinished)
  // One that was counted, one that was not, one that came later and went.
  counts.remove(slotOf('a'), 1)
  stored.rows.splice(5_000, 1)
  counts.remove(slotOf('b'), 5_001)
  counts.add('c')
  counts.add('d')
  counts.remove(slotOf('c'), 5_011)
  t.equal(count('d'), 1, 'known at once')
  stored.rows.push({ seq: 5_012, key: 'd' })
  counts.advance()
  t.notOk(counts.unfinished)
  counts.advance()
  t.same(['a', 'b', 'c', 'd', 'unknown'].map(count), [4_999, 9, 0, 1, 0])
  counts.add('a')
  counts.remove(slotOf('b'), 5_002)
  t.same(['a', 'b'].map(count), [5_000, 8])
  t.notOk(mayHold(view, 'unknown'))
  const again = new KeyCounts(shared, source(['c']))
  t.ok(mayHold(view, 'unknown'), 'counted anew by another worker')
  again.advance()
  t.same(['a', 'c'].map(count), [0, 1])
  t.ok(mayHold(view, 'c') && !mayHold(view, 'a'))
})

void t.test('takes a key for what the database makes of it', async t => {
  t.equal(slotOf('a\ud83d'), slotOf('a\ufffd'))
  t.not(slotOf('a'), slotOf('b'))
})

void t.test('a store knows its keys through everything that becomes of an event', async t => {
  const settings = options(t)
  const open = async () => {
    const store = createSpoolStore(settings)
    t.teardown(() => store.close())
    await store.connect()
    await until(() => !store.holds('none'))
    return store
  }
  const first = await open()
  const odd = 'día 🎉 \u0000 \ud83d'
  for (const key of ['a', 'b', odd]) await first.publish(message(key))
  t.ok(first.holds('a') && first.holds('b') && first.holds(odd))
  await first.close()
  const store = await open()
  t.ok(store.holds('a') && store.holds('b') && store.holds(odd), 'after a restart too')
  const [a, ...others] = await store.take({ after: 0, rows: 10, bytes: 1e6 })
  await store.bury(Number(a?.seq), 1, 'no')
  t.notOk(store.holds('a'), 'dead')
  await store.settle(others)
  t.notOk(store.holds('b') || store.holds(odd), 'consumed')
  await store.publish(message('b'))
  await store.settle(others)
  t.ok(store.holds('b'), 'whoever settles twice takes away nothing')
  await store.consumer.redrive()
  t.ok(store.holds('a'), 'put back')
})

void t.test('a store remembers the ids of others', async t => {
  const settings = options(t)
  const store = createSpoolStore(settings)
  const [known, unknown] = [message(), message()]
  await store.connect()
  store.remember([known])
  t.same(await store.seen([unknown, known]), new Set([1]))
  t.equal(await store.publish(known), 'duplicate')
  store.remember([unknown])
  await store.close()
  store.remember([message()])
  const again = createSpoolStore(settings)
  t.teardown(() => again.close())
  await again.connect()
  t.same(await again.seen([unknown, known]), new Set([0, 1]), 'saved when it was closed')
})
