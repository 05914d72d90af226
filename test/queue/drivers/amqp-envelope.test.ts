import t from 'tap'
import { amqpEnvelope } from '../../../src/queue/drivers/amqp-envelope.ts'
import { message, messageOfTrace, TRACE } from '../fixtures/message.ts'

void t.test('names the event in the properties and the headers', async t => {
  const sent = message('día')
  t.match(amqpEnvelope('x', { ...sent, timestamp: 1_776_134_278_999 }), {
    exchange: 'x',
    routingKey: 'ai.jelou.message',
    mandatory: true,
    durable: true,
    messageId: sent.id,
    contentType: 'application/cloudevents+json; charset=utf-8',
    timestamp: 1_776_134_278,
    headers: { 'cloudEvents:id': sent.id, 'cloudEvents:partitionkey': 'día' },
  })
})

void t.test('has the trace by both names', async t => {
  t.match(amqpEnvelope('x', messageOfTrace(TRACE)).headers, {
    ...TRACE,
    'cloudEvents:traceparent': TRACE.traceparent,
    'cloudEvents:tracestate': TRACE.tracestate,
  })
  t.notOk('traceparent' in (amqpEnvelope('x', message()).headers ?? {}))
})

void t.test('has attributes that another version wrote', async t => {
  const sent = message()
  const attributes = { ...sent.attributes, extension: 'later' }
  t.match(amqpEnvelope('x', { ...sent, attributes }).headers, { 'cloudEvents:extension': 'later' })
})

void t.test('leaves the time of publishing to the client', async t => {
  for (const timestamp of [0, -1.5e300])
    t.notOk('timestamp' in amqpEnvelope('x', { ...message(), timestamp }))
})

void t.test('leaves out what does not fit', async t => {
  t.equal(amqpEnvelope('x', { ...message(), type: 'é'.repeat(200) }).routingKey, 'é'.repeat(127))
  const { headers } = amqpEnvelope('x', message('é'.repeat(513)))
  t.notOk('cloudEvents:partitionkey' in (headers ?? {}))
  t.ok('cloudEvents:partitionkey' in (amqpEnvelope('x', message('é'.repeat(512))).headers ?? {}))
})
