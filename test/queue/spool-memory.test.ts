import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Memory } from '../../src/queue/spool-memory.ts'
import type { QueueHealth, QueueMessage, SpoolStore } from '../../src/queue/types.ts'
import { until } from './drivers/fixtures/engine.ts'
import { confirms, fails } from './fixtures/controlled-driver.ts'
import { message, messages } from './fixtures/message.ts'
import { noted, openSpool } from './fixtures/spool.ts'

void t.test('recognises what was confirmed before, also after a restart', async t => {
  const { spool, control, make, driver } = await openSpool(t)
  control.answer = confirms
  const [first, second] = [message(), message()]
  t.equal(await spool.publish(first), 'accepted')
  t.same(await Promise.all([first, second, second].map(one => spool.publish(one))), [
    'duplicate',
    'accepted',
    'duplicate',
  ])
  await spool.close()
  const { spool: restarted } = make(driver)
  await restarted.connect()
  t.equal(await restarted.publish(second), 'duplicate')
  t.same(
    control.confirmed.filter(({ id }) => id === first.id || id === second.id),
    [first, second],
  )
  t.match(restarted.figures(), { remembering: true })
})

void t.test('recognises what was stored here, and stores nothing that was confirmed', async t => {
  const { spool, control, store } = await openSpool(t)
  control.answer = confirms
  const [confirmed, stored] = [message('a'), message('b')]
  await spool.publish(confirmed)
  control.answer = fails
  for (const one of [stored, ...messages(5, 'c')]) await spool.publish(one)
  t.equal(await spool.publish(stored), 'duplicate')
  t.equal(await spool.publish(confirmed), 'duplicate')
  t.match(await store.stats(), { dead: 0 })
  control.answer = confirms
  await until(() => spool.figures().drained === 6)
  t.equal(control.confirmed.filter(({ id }) => id === confirmed.id).length, 1)
})

void t.test('is not used for a queue that deduplicates, or when it is off', async t => {
  for (const settings of [{ deduplicates: true }, { store: { dedupeWindow: 0 } }]) {
    const { spool, control, store } = await openSpool(t, settings)
    control.answer = confirms
    store.seen = () => Promise.reject(new Error('asked'))
    const one = message()
    t.same([await spool.publish(one), await spool.publish(one)], ['accepted', 'accepted'])
    t.equal(spool.figures().remembering, settings.deduplicates === true)
  }
})

void t.test('asks its store for nothing that it cannot have', async t => {
  const { spool, control, store, make, driver } = await openSpool(t)
  const asked: QueueMessage[] = []
  const counting = (store: SpoolStore) => {
    const seen = store.seen.bind(store)
    store.seen = messages => {
      asked.push(...messages)
      return seen(messages)
    }
  }
  counting(store)
  control.answer = confirms
  const [first, second, third] = messages(3)
  const publish = async (by: typeof spool, events: (QueueMessage | undefined)[]) => {
    for (const one of events) if (one) await by.publish(one)
  }
  await publish(spool, [second, first])
  t.same(asked, [], 'the older one came later')
  await publish(spool, [second])
  t.same(asked, [second], 'one that was confirmed')
  await spool.close()
  const restarted = make(driver)
  await restarted.spool.connect()
  await until(() => !restarted.store.holds('key'))
  counting(restarted.store)
  asked.length = 0
  await publish(restarted.spool, [third, first])
  t.same(asked, [first], 'one that is older than the newest of before the restart')
})

void t.test('asks for everything while it is not known what the store remembers', async t => {
  const { log } = noted()
  const { store } = answering()
  const memory = new Memory({ store, timeout: 1_000, log })
  const one = message()
  t.ok(memory.mayKnow(one))
  store.newest = () => Promise.reject(new Error('broken'))
  await memory.open()
  t.ok(memory.mayKnow(one))
  store.newest = () => Promise.resolve(one.timestamp)
  await memory.open()
  t.ok(memory.mayKnow(one))
  store.newest = () => Promise.resolve(one.timestamp - 1)
  await memory.open()
  t.notOk(memory.mayKnow(one))
})

void t.test(
  'tells the store of what was confirmed before an event goes there, and when many are',
  async t => {
    const { store, remembered } = answering()
    const memory = new Memory({ store, timeout: 1_000, log: noted().log })
    const [first, second, ...more] = messages(1_025)
    if (first === undefined || second === undefined) return
    memory.remember(first)
    t.same(remembered, [])
    memory.stores(second)
    t.same(remembered, [first])
    for (const one of [second, ...more]) memory.remember(one)
    t.equal(remembered.length, 1_025)
    memory.close()
    t.equal(remembered.length, 1_025)
  },
)

/** A store whose answers the test gives. */
function answering() {
  const asked: ((known: ReadonlySet<number>) => void)[] = []
  const remembered: QueueMessage[] = []
  const state = { health: { ok: true } as QueueHealth, broken: false }
  const store = {
    seen: () =>
      state.broken
        ? Promise.reject(new Error('broken'))
        : new Promise<ReadonlySet<number>>(resolve => void asked.push(resolve)),
    remember: (messages: QueueMessage[]) => void remembered.push(...messages),
    health: () => state.health,
  }
  return { asked, remembered, state, store: store as unknown as SpoolStore }
}

void t.test('waits for no store that hangs, and asks again once it has answered', async t => {
  const { asked, store } = answering()
  const { log, count } = noted()
  const memory = new Memory({ store, timeout: 5, log })
  t.equal(await memory.knows(message()), false)
  t.equal(memory.working, false)
  t.equal(await memory.knows(message()), false, 'at once')
  t.equal(asked.length, 1)
  asked[0]?.(new Set([0]))
  await until(() => memory.working)
  const known = memory.knows(message())
  await until(() => asked.length === 2)
  asked[1]?.(new Set([0]))
  t.equal(await known, true)
  t.same([count('pass unrecognised'), count('again')], [1, 1])
})

void t.test('lets events pass while the store is broken or full, and says so once', async t => {
  const { asked, state, remembered, store } = answering()
  const { log, lines } = noted()
  const memory = new Memory({ store, timeout: 1_000, log })
  state.broken = true
  t.equal(await memory.knows(message()), false)
  state.health = { ok: false, reason: 'gone' }
  t.equal(await memory.knows(message()), false)
  state.broken = false
  const known = memory.knows(message())
  await until(() => asked.length === 1)
  asked[0]?.(new Set())
  t.equal(await known, false)
  t.equal(memory.working, false, 'it answers, but is full')
  const one = message()
  memory.remember(one)
  await until(() => remembered.length === 1)
  t.same(remembered, [one])
  state.health = { ok: true }
  memory.remember(one)
  await until(() => memory.working)
  await sleep(1)
  t.same(
    lines.map(({ fields }) => fields),
    [{ reason: 'it failed' }, {}],
  )
})
