import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { MessageRefusedError, QueueRefusedError, QueueUnavailableError } from '../../src/errors.ts'
import type { StoredEvent } from '../../src/queue/types.ts'
import { until } from './drivers/fixtures/engine.ts'
import { confirms, controlledDriver, fails } from './fixtures/controlled-driver.ts'
import { largeMessage, message, messages } from './fixtures/message.ts'
import { openSpool, spoolOn } from './fixtures/spool.ts'

const quick = { deduplicates: true }

void t.test('starts without its queue, says why, and goes on connecting', async t => {
  const errors = {
    warn: new QueueUnavailableError('nobody there'),
    error: new QueueRefusedError('wrong password'),
  }
  for (const [level, error] of Object.entries(errors)) {
    const { driver, control } = controlledDriver(quick)
    control.connecting = error
    control.answer = confirms
    const { spool, log } = spoolOn(t, { driver })
    await spool.connect()
    t.match(log.lines, [{ level, fields: { queue: 'controlled', reason: error.message } }])
    const sent = messages(3)
    for (const one of sent) t.equal(await spool.publish(one), 'accepted')
    t.match(spool.figures(), { reason: error.message, since: Number, spooled: 3 })
    t.same(control.published, [])
    await until(() => control.connects > 3)
    t.equal(log.lines.length, 1)
    control.connecting = undefined
    await until(() => control.confirmed.length === 3)
    t.same(
      control.confirmed.map(({ body }) => String(body)),
      sent.map(({ body }) => String(body)),
    )
  }
})

void t.test('waits for no queue that does not answer when it starts', async t => {
  const { driver, control } = controlledDriver(quick)
  control.connecting = 'hang'
  const { spool } = spoolOn(t, { driver, spool: { publishTimeout: 5 } })
  await spool.connect()
  t.equal(await spool.publish(message()), 'accepted')
  await sleep(30)
  t.equal(control.connects, 1, 'still the first')
})

void t.test('costs nobody any waiting while the queue is away', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 60_000 } })
  control.health = { ok: false, reason: 'disconnected' }
  control.answer = fails
  t.equal(await spool.publish(message()), 'accepted')
  await until(() => control.published.length > 1)
  // From now on it hangs: whoever waited for it would wait for a minute.
  control.answer = undefined
  for (const one of messages(20, 'b')) t.equal(await spool.publish(one), 'accepted')
  t.ok(control.pending.length <= 1, 'one event of the store tries')
  control.health = { ok: true }
  control.answer = confirms
  for (const one of control.pending) one.confirm()
  await until(() => spool.figures().drained === 21)
})

void t.test('lets an event that arrives try when nothing is stored', async t => {
  const { spool, control, log, store } = await openSpool(t, quick)
  control.health = { ok: false, reason: 'disconnected' }
  const known = message('a')
  control.answer = fails
  t.equal(await spool.publish(known), 'accepted')
  control.answer = confirms
  const isBack = () => spool.figures().breaker === 'closed' && spool.figures().drained === 1
  await until(() => isBack() && !store.holds('a'))
  control.answer = fails
  t.equal(await spool.publish(known), 'duplicate', 'known to the store, so nothing is left to try with')
  await until(() => spool.figures().breaker === 'half-open')
  control.answer = undefined
  const probe = spool.publish(message('b'))
  await until(() => control.pending.length === 1)
  t.equal(await spool.publish(message('c')), 'accepted', 'others do not wait for it')
  await sleep(30)
  control.pending[0]?.confirm()
  t.equal(await probe, 'accepted')
  control.answer = confirms
  await until(() => spool.figures().drained === 2)
  t.equal(log.count('is away'), 2)
})

void t.test('gives back what it had taken when the queue goes away', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { concurrency: 8 } })
  control.answer = fails
  const sent = Array.from({ length: 40 }, (_, index) => message(`key ${index}`))
  await Promise.all(sent.map(one => spool.publish(one)))
  control.answer = undefined
  await until(() => control.pending.length > 0)
  control.pending[0]?.confirm()
  await until(() => control.pending.length > 4)
  control.answer = fails
  for (const one of control.pending) one.fail()
  await until(() => spool.figures().breaker !== 'closed')
  control.answer = confirms
  await until(() => spool.figures().drained === 40)
  t.equal(new Set(control.confirmed.map(({ id }) => id)).size, 40)
})

void t.test('takes an event that never comes to be confirmed for an outage', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 5 } })
  control.answer = () => {}
  for (const one of messages(6)) await spool.publish(one)
  await until(() => spool.figures().breaker !== 'closed')
  control.answer = confirms
  await until(() => spool.figures().drained === 6)
})

void t.test('buries what is no event', async t => {
  const { spool, control, store, log } = await openSpool(t, { ...quick, spool: { maxAttempts: 3 } })
  control.answer = confirms
  await store.publish(largeMessage('a', 10))
  const next = message('a')
  await store.publish(next)
  await until(() => control.confirmed.length === 1)
  t.same(control.confirmed[0]?.body, next.body)
  t.match(await spool.deadLetters.dead({ after: 0, limit: 1 }), [{ attempts: 3, reason: /no event/ }])
  t.equal(log.count('refuses an event'), 1)
})

void t.test('waits for a store that fails', async t => {
  const { spool, control, store } = await openSpool(t, quick)
  const [take, bury] = [store.take.bind(store), store.bury.bind(store)]
  let failures = 2
  store.take = request => (failures-- > 0 ? Promise.reject(new Error('broken')) : take(request))
  let burials = 1
  store.bury = (...event) => (burials-- > 0 ? Promise.reject(new Error('full')) : bury(...event))
  control.answer = confirms
  await store.publish(largeMessage('a', 10))
  await store.publish(message('a'))
  await until(() => control.confirmed.length === 1)
  await until(async () => (await spool.stats()).waiting === 0)
  t.match(await spool.stats(), { dead: 1 })
})

void t.test('ignores what becomes of an event whose time was over', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 10 } })
  const [first, second] = [message('a'), message('b')]
  for (const one of [first, second]) t.equal(await spool.publish(one), 'accepted')
  // Each was given to the queue twice: when it came, and from the store.
  await until(() => control.pending.length >= 4)
  control.answer = confirms
  await until(() => spool.figures().drained === 2)
  for (const [index, one] of control.pending.entries()) {
    if (index % 2 === 0) one.confirm()
    else one.fail()
  }
  await new Promise(resolve => setImmediate(resolve))
  t.equal(spool.figures().drained, 2)
  t.equal(await spool.publish(message('a')), 'accepted')
})

void t.test('has no more in memory than it has read ahead', async t => {
  const { spool, control, store } = await openSpool(t, { ...quick, spool: { concurrency: 4 } })
  let events = 0
  const take = store.take.bind(store)
  store.take = async request => {
    const taken = await take(request)
    events += taken.length
    return taken
  }
  const sent = Array.from({ length: 5_000 }, (_, index) => message(`key ${index % 100}`))
  await Promise.all(sent.map(one => store.publish(one)))
  await until(() => control.pending.length === 4)
  const drained = async (count: number) => {
    while (spool.figures().drained < count) {
      await until(() => control.pending.length > 0)
      control.pending.shift()?.confirm()
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  await drained(2)
  t.ok(events <= 4_096, `${events} were read`)
  await drained(200)
  control.answer = confirms
  for (const one of control.pending) one.confirm()
  await until(() => spool.figures().drained === 5_000)
  for (let key = 0; key < 100; key++) {
    const ofKey = (all: typeof sent) =>
      all.filter(({ partitionKey }) => partitionKey === `key ${key}`).map(({ id }) => id)
    t.same(ofKey(control.confirmed), ofKey(sent))
  }
})

void t.test('lets no key wait for one whose event is refused, and keeps the order of that', async t => {
  const { spool, control, store } = await openSpool(t, {
    ...quick,
    spool: { concurrency: 2, maxAttempts: 3, refusedDelay: 40 },
  })
  const refused = message('a')
  const sent = Array.from({ length: 600 }, (_, index) => message(index % 2 === 0 ? 'a' : `key ${index}`))
  await Promise.all([refused, ...sent].map(one => store.publish(one)))
  control.answer = one => {
    if (one.message.id === refused.id) one.fail(new MessageRefusedError('too large'))
    else one.confirm()
  }
  await until(() => spool.figures().drained === 600)
  const ids = control.confirmed.map(({ id }) => id)
  t.equal(new Set(ids).size, 600, 'none twice')
  const ofA = sent.filter(({ partitionKey }) => partitionKey === 'a').map(({ id }) => id)
  t.same(
    ids.filter(id => ofA.includes(id)),
    ofA,
  )
  t.same(new Set(ids.slice(0, 300)), new Set(sent.map(({ id }) => id).filter(id => !ofA.includes(id))))
  t.equal(control.published.filter(({ id }) => id === refused.id).length, 3)
})

void t.test('tells of what is drained, and when its last try began', async t => {
  const told: [event: string, wait: number][] = []
  const drained = ({ event }: StoredEvent, started: number) =>
    void told.push([String(event), performance.now() - started])
  const { store, control } = await openSpool(t, { ...quick, spool: { drained } })
  const sent = message()
  control.answer = one => void setTimeout(() => one.confirm(), 20)
  await store.publish(sent)
  await until(() => told.length > 0)
  t.match(told, [[String(sent.body), Number]])
  t.ok((told[0]?.[1] ?? 0) >= 19)
})
