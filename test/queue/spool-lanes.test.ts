import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { MessageRefusedError } from '../../src/errors.ts'
import { Breaker } from '../../src/queue/spool-breaker.ts'
import { Lanes } from '../../src/queue/spool-lanes.ts'
import type { Memory } from '../../src/queue/spool-memory.ts'
import { until } from './drivers/fixtures/engine.ts'
import { confirms, controlledDriver } from './fixtures/controlled-driver.ts'
import { freeze } from '../fixtures/freeze.ts'
import { largeMessage, message, messages } from './fixtures/message.ts'
import { noted, openSpool, spoolOn } from './fixtures/spool.ts'

const quick = { deduplicates: true }

void t.test('publishes one event of a key at a time, keys in parallel', async t => {
  const { spool, control } = await openSpool(t, quick)
  const [a1, a2, b1] = [message('a'), message('a'), message('b')]
  const outcomes = [a1, a2, b1].map(one => spool.publish(one))
  t.same(control.published, [a1, b1])
  control.pending[0]?.confirm()
  await outcomes[0]
  t.same(control.published, [a1, b1, a2])
  t.equal(spool.figures().inFlight, 2)
  control.pending[1]?.confirm('duplicate')
  control.pending[2]?.confirm()
  t.same(await Promise.all(outcomes), ['accepted', 'accepted', 'duplicate'])
  t.equal(spool.figures().inFlight, 0)
})

void t.test('stores what is not confirmed in time, and all behind it, in order', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 20 } })
  const sent = messages(3, 'a')
  t.same(await Promise.all(sent.map(one => spool.publish(one))), ['accepted', 'accepted', 'accepted'])
  t.equal(spool.figures().spooled, 3)
  const late = control.pending.shift()
  control.answer = confirms
  for (const one of control.pending) one.confirm()
  await until(() => spool.figures().drained === 3)
  late?.confirm()
  const ids = [...new Set(control.confirmed.map(({ id }) => id))]
  t.same(
    ids,
    sent.map(({ id }) => id),
  )
  const after = message('a')
  await until(async () => (await spool.stats()).waiting === 0)
  t.equal(await spool.publish(after), 'accepted')
})

void t.test(
  'stores nothing because the process was stopped, which the queue is not to blame for',
  async t => {
    const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 500 } })
    const [sent, behind] = [spool.publish(message('a')), spool.publish(message('a'))]
    freeze(2_000)
    await sleep(100)
    control.answer = confirms
    for (const one of control.pending) one.confirm()
    t.same(await Promise.all([sent, behind]), ['accepted', 'accepted'])
    t.match(spool.figures(), { breaker: 'closed', spooled: 0 })
  },
)

void t.test('ignores what becomes of a publish whose time was over', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 20 } })
  const outcome = spool.publish(message('a'))
  const [late] = control.pending
  t.equal(await outcome, 'accepted')
  late?.fail()
  await new Promise(resolve => setImmediate(resolve))
  t.equal(spool.figures().breaker, 'closed', 'one slow event is no outage')
})

void t.test(
  'does not blame the queue when the store does not tell in time whether the event is known',
  async t => {
    const { spool, control, store } = await openSpool(t, { spool: { publishTimeout: 40 } })
    control.answer = confirms
    const answers: ((known: ReadonlySet<number>) => void)[] = []
    store.seen = () => new Promise(resolve => void answers.push(resolve))
    const behind = messages(2, 'a')
    t.equal(await spool.publish(message('b')), 'accepted', 'passes unrecognised')
    for (const answer of answers) answer(new Set())
    store.seen = () => Promise.resolve(new Set())
    t.same(await Promise.all(behind.map(one => spool.publish(one))), ['accepted', 'accepted'])
    t.equal(spool.figures().breaker, 'closed')
  },
)

void t.test('keeps an event that the queue refuses for itself, and goes on', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { maxAttempts: 2 } })
  const refused = message('a')
  control.answer = one => {
    if (one.message.id === refused.id) one.fail(new MessageRefusedError('too large'))
    else one.confirm()
  }
  t.equal(await spool.publish(refused), 'accepted')
  const [behind, other] = [message('a'), message('b')]
  t.same(await Promise.all([behind, other].map(one => spool.publish(one))), ['accepted', 'accepted'])
  await until(async () => (await spool.stats()).dead === 1 && control.confirmed.length === 2)
  t.equal(spool.figures().breaker, 'closed')
  t.match(await spool.deadLetters.dead({ after: 0, limit: 10 }), [{ attempts: 2, reason: /too large/ }])
  control.answer = confirms
  t.equal(await spool.deadLetters.redrive(), 1)
  await until(() => control.confirmed.length === 3)
  t.same(control.confirmed.at(-1)?.body, refused.body)
})

void t.test('takes no more than it can hold', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { maxInFlight: 2 } })
  const held = messages(2).map(one => spool.publish(one))
  await t.rejects(spool.publish(message()), { code: 'ERR_QUEUE_OVERLOADED', statusCode: 503 })
  control.answer = confirms
  control.pending[0]?.confirm()
  t.same(await Promise.all(held), ['accepted', 'accepted'])
})

void t.test('answers nobody while the queue is away and the store full, and recovers by itself', async t => {
  const { spool, control, store } = await openSpool(t, { ...quick, store: { maxSize: 400_000 } })
  const full = { code: 'ERR_QUEUE_FULL', statusCode: 503 }
  control.health = { ok: false, reason: 'away' }
  control.answer = one => one.fail()
  const kept = message('a')
  t.equal(await spool.publish(kept), 'accepted')
  await t.rejects(spool.publish(largeMessage('b', 600_000)), full)
  await until(() => !store.health().ok)
  t.match(spool.health(), { ok: false, reason: /controlled: .*; the spool: / })
  control.health = { ok: true }
  control.answer = confirms
  await until(() => spool.figures().breaker === 'closed')
  t.same(spool.health(), { ok: true })
  await until(async () => (await spool.stats()).waiting === 0)
  t.equal(await spool.publish(message('b')), 'accepted', 'straight to the queue, whatever the store says')
  t.ok(control.confirmed.some(({ id }) => id === kept.id))
})

void t.test('stores an event whose time was over before the queue was given it', async t => {
  const { driver, control } = controlledDriver()
  const { store } = spoolOn(t, { driver })
  await store.connect()
  await until(() => !store.holds('key'))
  t.teardown(() => store.close())
  const { log } = noted()
  const pauses = { first: 1, most: 1 }
  const breaker = new Breaker({ driver, pauses, log, now: Date.now, random: Math.random })
  const answers: ((isKnown: boolean) => void)[] = []
  const memory = {
    mayKnow: () => true,
    knows: () => new Promise(resolve => void answers.push(resolve)),
    remember() {},
    stores() {},
  } as unknown as Memory
  const lanes = new Lanes({ driver, store, breaker, memory, publishTimeout: 5, maxInFlight: 10, stored() {} })
  await lanes.idle()
  const sent = messages(2)
  const outcomes = sent.map(one => lanes.publish(one))
  await lanes.idle()
  t.same(await Promise.all(outcomes), ['accepted', 'accepted'])
  answers[0]?.(false)
  await new Promise(resolve => setImmediate(resolve))
  t.same(control.published, [], 'it is in the store')
  t.equal(breaker.state, 'closed')
})
