import type { Test } from 'tap'
import t from 'tap'
import type { QueueMessage } from '../../src/queue/types.ts'
import { until } from './drivers/fixtures/engine.ts'
import { confirms, controlledDriver, type Pending } from './fixtures/controlled-driver.ts'
import { message } from './fixtures/message.ts'
import { spoolOn } from './fixtures/spool.ts'
import { MessageRefusedError, QueueFullError, QueueRefusedError } from '../../src/errors.ts'

const ROUNDS = 6
const EVENTS = 400
const KEYS = 12

/** Random numbers that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Everything answered 200 reached the queue, unaltered, and within a key in the order in which it was first handed over. */
function check(
  t: Test,
  { sent, accepted, confirmed }: Record<'sent' | 'accepted' | 'confirmed', QueueMessage[]>,
) {
  const bodies = new Map(sent.map(({ id, body }) => [id, body.toString()]))
  t.ok(
    confirmed.every(({ id, body }) => bodies.get(id) === body.toString()),
    'nothing is altered',
  )
  const ids = [...new Set(confirmed.map(({ id }) => id))]
  t.same(
    accepted.filter(({ id }) => !ids.includes(id)).map(({ id }) => id),
    [],
    'nothing is lost',
  )
  const isAccepted = new Set(accepted.map(({ id }) => id))
  for (const key of new Set(sent.map(({ partitionKey }) => partitionKey))) {
    const expected = sent
      .filter(({ partitionKey, id }) => partitionKey === key && isAccepted.has(id))
      .map(({ id }) => id)
    const order = ids.filter(id => expected.includes(id))
    t.same(order, expected, `the order of ${key}`)
  }
}

for (let round = 0; round < ROUNDS; round++) {
  const seed = Math.floor(Math.random() * 2 ** 31)
  void t.test(`keeps its promise whatever happens (seed ${seed})`, async t => {
    const random = seeded(seed)
    const pick = (most: number) => Math.floor(random() * most)
    const { driver, control } = controlledDriver({ deduplicates: round % 2 === 0 })
    const { spool, make } = spoolOn(t, {
      driver,
      spool: {
        publishTimeout: 30,
        refusedDelay: 1,
        drainTimeout: 5,
        concurrency: 1 + pick(40),
        maxAttempts: 1_000,
        random,
      },
    })
    const weather = { fair: 0.8 }
    // At once, soon, in any order, later than anybody waits, or never.
    const settle = (one: Pending) => {
      const isFair = random() < weather.fair
      const kind = random()
      const end = () => {
        if (isFair) one.confirm()
        else if (kind < 0.1) one.fail(new MessageRefusedError('not this time'))
        else if (kind < 0.2)
          one.fail(random() < 0.5 ? new QueueFullError('full') : new QueueRefusedError('no'))
        else one.fail()
      }
      const when = random()
      if (when < 0.4) end()
      else if (when < 0.9) setTimeout(end, pick(10))
      else if (when < 0.97) setTimeout(end, 20 + pick(30))
    }
    control.answer = settle
    if (random() < 0.3) control.connecting = new Error('not yet')
    await spool.connect()
    let current = spool
    const [sent, accepted]: [QueueMessage[], QueueMessage[]] = [[], []]
    const underWay: Promise<void>[] = []
    const publish = async (one: QueueMessage) => {
      const [outcome] = await Promise.allSettled([current.publish(one)])
      if (outcome.status === 'fulfilled') accepted.push(one)
    }
    for (let count = 0; count < EVENTS; count++) {
      const one = message(`key ${pick(KEYS)}`)
      sent.push(one)
      underWay.push(publish(one))
      if (random() < 0.05 && accepted.length > 0)
        underWay.push(publish(accepted[pick(accepted.length)] ?? one))
      if (random() < 0.1) await new Promise(resolve => setTimeout(resolve, pick(8)))
      if (random() < 0.02) {
        weather.fair = random() < 0.4 ? 0 : random()
        control.health = random() < 0.3 ? { ok: false, reason: 'away' } : { ok: true }
      }
      if (random() < 0.01) {
        delete (control as { connecting?: unknown }).connecting
        await current.close()
        current = make(driver).spool
        await current.connect()
      }
    }
    await Promise.all(underWay)
    weather.fair = 1
    control.health = { ok: true }
    control.answer = confirms
    control.connecting = undefined
    await until(async () => {
      const { waiting, leased, delayed } = await current.stats()
      return waiting + leased + delayed === 0
    })
    t.ok(accepted.length >= EVENTS / 2, `${accepted.length} accepted`)
    check(t, { sent, accepted, confirmed: control.confirmed })
    const last = message('key 0')
    t.equal(await current.publish(last), 'accepted', 'and it goes on')
  })
}
