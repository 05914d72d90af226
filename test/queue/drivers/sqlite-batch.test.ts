import t from 'tap'
import { DEDUPE_KEY_SIZE, packBatch, unpackBatch } from '../../../src/queue/drivers/sqlite-batch.ts'
import type { QueueMessage } from '../../../src/queue/types.ts'
import { message } from '../fixtures/message.ts'

const keyOf = (changed: Partial<QueueMessage>): Buffer => {
  const [event] = unpackBatch(packBatch([{ ...message('room', 'same'), timestamp: 1000, ...changed }]))
  return Buffer.from(event?.dedupeKey ?? [])
}

void t.test('unpacks what was packed', async t => {
  const sent = [
    message('room 1'),
    { ...message('día 🎉'), body: Buffer.alloc(0) },
    { ...message(''), body: Buffer.from([0, 255, 0]) },
  ]
  const events = unpackBatch(packBatch(sent))
  t.same(
    events.map(({ partitionKey, body }) => ({ partitionKey, body: Buffer.from(body) })),
    sent.map(({ partitionKey, body }) => ({ partitionKey, body })),
  )
  t.same(unpackBatch(packBatch([])), [])
})

void t.test('owns its memory, so that it can be transferred', async t => {
  const batch = packBatch([message()])
  t.equal(structuredClone(batch, { transfer: [batch] }).byteLength > 0, true)
  t.equal(batch.byteLength, 0)
})

void t.test('recognises an event by its timestamp and its id', async t => {
  t.equal(keyOf({}).length, DEDUPE_KEY_SIZE)
  t.same(keyOf({}), keyOf({ partitionKey: 'other', body: Buffer.from('other') }))
  t.notSame(keyOf({}), keyOf({ timestamp: 1001 }))
  t.notSame(keyOf({}), keyOf({ id: message().id }))
  t.equal(keyOf({}).toString('hex', 8), message('room', 'same').id.slice(0, 32))
})

void t.test('sorts by time', async t => {
  const times = [0, 1, 255, 256, 1_776_134_278_574, 1_776_134_278_575, 2 ** 53, 1e300]
  const keys = times.map(timestamp => keyOf({ timestamp }))
  t.same(
    keys.toSorted((a, b) => a.compare(b)),
    keys,
  )
})
