import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { QueueMessage } from '../../src/queue/types.ts'
import { until } from './drivers/fixtures/engine.ts'
import { freeze } from '../fixtures/freeze.ts'
import { message } from './fixtures/message.ts'
import { openSpool } from './fixtures/spool.ts'

const quick = { deduplicates: true }

void t.test('gives the queue nothing again because the process was stopped', async t => {
  const { spool, control, store } = await openSpool(t, { ...quick, spool: { publishTimeout: 500 } })
  await store.publish(message('a'))
  await until(() => control.pending.length === 1)
  freeze(2_000)
  await sleep(100)
  t.equal(control.published.length, 1)
  control.pending[0]?.confirm()
  await until(() => spool.figures().drained === 1)
  t.equal(control.published.length, 1)
})

void t.test('waits for as long as the queue needs, since nobody waits for it', async t => {
  const { spool, control } = await openSpool(t, { ...quick, spool: { publishTimeout: 20, patience: 60_000 } })
  t.equal(await spool.publish(message('a')), 'accepted')
  t.equal(spool.figures().spooled, 1)
  await until(() => control.pending.length === 2)
  await sleep(100)
  t.equal(control.pending.length, 2, 'when it came, and once from the store')
  control.pending[1]?.confirm()
  await until(() => spool.figures().drained === 1)
})

void t.test('waits for each event for as long as for any other', async t => {
  const publishTimeout = 1500
  const { spool, control, store } = await openSpool(t, { ...quick, spool: { publishTimeout } })
  const started = new Map<QueueMessage, number>()
  const waited: number[] = []
  // Each is left alone the first time, and confirmed when it is tried again.
  control.answer = one => {
    const before = [...started].find(([{ id }]) => id === one.message.id)?.[1]
    if (before === undefined) started.set(one.message, performance.now())
    else {
      waited.push(performance.now() - before)
      one.confirm()
    }
  }
  await store.publish(message('a'))
  await sleep(20)
  await store.publish(message('b'))
  await until(() => spool.figures().drained === 2)
  t.equal(waited.length, 2)
  // Timers may be early by a millisecond.
  for (const time of waited) t.ok(time >= publishTimeout - 2, `${time} ms`)
})
