import t from 'tap'
import { createSqliteQueue } from '../../src/queue/drivers/sqlite.ts'
import { driverContract } from './driver-contract.ts'
import { until } from './drivers/fixtures/engine.ts'
import { consume, options } from './drivers/fixtures/open.ts'
import { confirms, fails } from './fixtures/controlled-driver.ts'
import { message, messages } from './fixtures/message.ts'
import { openSpool, spoolOn } from './fixtures/spool.ts'

// The embedded queue stands for a broker here: a real one, which deduplicates.
driverContract(t, {
  open(t) {
    const broker = createSqliteQueue(options(t))
    const { spool, make } = spoolOn(t, { driver: broker })
    return {
      driver: spool,
      reopen: () => make(broker).spool,
      consume: async count => (await consume(broker.consumer, count)).map(({ event }) => event),
    }
  },
})

void t.test('goes straight to the queue while that is well', async t => {
  const { spool, control, store } = await openSpool(t)
  control.answer = confirms
  const sent = messages(20)
  t.same(new Set(await Promise.all(sent.map(one => spool.publish(one)))), new Set(['accepted']))
  t.same(control.confirmed, sent)
  t.match(await store.stats(), { waiting: 0 })
  t.match(spool.figures(), { breaker: 'closed', spooled: 0, drained: 0, reason: null, inFlight: 0 })
})

void t.test('keeps what the queue does not take, and brings it there in order', async t => {
  const { spool, control, log } = await openSpool(t)
  control.answer = fails
  const sent = [...messages(20, 'a'), ...messages(20, 'b')]
  t.same(new Set(await Promise.all(sent.map(one => spool.publish(one)))), new Set(['accepted']))
  await until(() => spool.figures().breaker !== 'closed')
  t.match(spool.health(), { ok: true })
  control.answer = confirms
  await until(() => spool.figures().drained === 40)
  for (const key of 'ab')
    t.same(
      control.confirmed.filter(({ partitionKey }) => partitionKey === key).map(({ id }) => id),
      sent.filter(({ partitionKey }) => partitionKey === key).map(({ id }) => id),
    )
  t.equal(log.count('is away'), 1)
  t.equal(await spool.publish(message('c')), 'accepted')
})
