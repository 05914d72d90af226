import { compatibilityPartitioner, readRecordsBatch, Reader, type Connection } from '@platformatic/kafka'
import { randomBytes } from 'node:crypto'
import t from 'tap'
import {
  encodeBatch,
  murmur2,
  nextSequence,
  partitionOf,
  produce,
  recordOf,
  sizeOf,
} from '../../../src/queue/drivers/kafka-records.ts'
import { message, messageOfTrace, TRACE } from '../fixtures/message.ts'

void t.test("Kafka's own hash", t => {
  // From the tests of Apache Kafka, UtilsTest.
  const cases = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  }
  for (const [text, hash] of Object.entries(cases)) t.equal(murmur2(Buffer.from(text)), hash, text)
  t.end()
})

void t.test('the partition that other clients pick', t => {
  for (let length = 0; length < 70; length++) {
    const key = randomBytes(length)
    const other = compatibilityPartitioner({ topic: 't', value: key, key }, key) % 12
    t.equal(partitionOf(key, 12), other, `${length} bytes`)
  }
  t.end()
})

void t.test('sequence numbers begin again after the last', t => {
  t.equal(nextSequence(5, 3), 8)
  t.equal(nextSequence(0x7fff_fffe, 3), 1)
  t.equal(nextSequence(0x7fff_ffff, 1), 0)
  t.end()
})

void t.test('a batch as a broker reads it', t => {
  const sent = [messageOfTrace(TRACE, 'día \ud83d'), message('')]
  const records = sent.map(one => recordOf('events', one))
  const batch = readRecordsBatch(Reader.from(encodeBatch(records, { id: 7n, epoch: 2 }, 40)))
  t.match(batch, { producerId: 7n, producerEpoch: 2, firstSequence: 40, attributes: 0 })
  t.same(
    batch.records.map(({ value }) => String(value)),
    sent.map(({ body }) => String(body)),
  )
  t.same(
    batch.records.map(({ key }) => String(key)),
    ['día \ufffd', ''],
  )
  const headers = Object.fromEntries(
    (batch.records[0]?.headers ?? []).map(([name, value]) => [String(name), String(value)]),
  )
  t.match(headers, {
    'content-type': /^application\/cloudevents\+json/,
    ce_id: sent[0]?.id,
    ce_specversion: '1.0',
    ce_tracestate: TRACE.tracestate,
    ...TRACE,
  })
  const bytes = encodeBatch(records, { id: 7n, epoch: 2 }, 40).length
  const estimate = records.reduce((sum, record) => sum + sizeOf(record), 0)
  t.ok(estimate >= bytes && estimate < bytes * 2, 'the estimate of the size is no less')
  t.end()
})

/** As the client does it, with an answer of two bytes. */
const cutShort: Connection['send'] = (_api, version, _payload, parse, _request, _response, done) => {
  try {
    done(null, parse(1, 0, version, Reader.from(Buffer.alloc(2))) as never)
  } catch (error) {
    done(error as Error)
  }
}

void t.test('an answer that cannot be read is a failure of the connection', async t => {
  const connection = { send: cutShort } as Connection
  const sent = produce(connection, { topic: 'events', timeout: 1_000, batches: [] })
  await t.rejects(sent, { code: 'OUT_OF_BOUNDS' })
})
