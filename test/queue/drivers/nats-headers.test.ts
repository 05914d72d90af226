import { MsgHdrsImpl } from '@nats-io/transport-node'
import t from 'tap'
import { natsHeaders } from '../../../src/queue/drivers/nats-headers.ts'
import type { QueueMessage } from '../../../src/queue/types.ts'
import { message, messageOfTrace, TRACE } from '../fixtures/message.ts'

/** As the client reads them. */
const headersOf = (message: QueueMessage) => MsgHdrsImpl.decode(natsHeaders(message).encode())

void t.test('encodes what a header cannot hold', async t => {
  const cases = {
    room: 'room',
    'a b"%': 'a%20b%22%25',
    'día 🎉': 'd%C3%ADa%20%F0%9F%8E%89',
    '\r\n\ud83d': '%0D%0A%EF%BF%BD',
  }
  for (const [key, value] of Object.entries(cases))
    t.equal(headersOf(message(key)).get('ce-partitionkey'), value)
})

void t.test('has the trace by both names, and encodes it only where CloudEvents says so', async t => {
  const headers = headersOf(messageOfTrace(TRACE))
  t.equal(headers.get('traceparent'), TRACE.traceparent)
  t.equal(headers.get('tracestate'), TRACE.tracestate)
  t.equal(headers.get('ce-traceparent'), TRACE.traceparent)
  t.equal(headers.get('ce-tracestate'), 'rojo=00f067aa0ba902b7,congo@vendor=%22t61%25%22\\')
  t.notOk(headersOf(message()).has('traceparent'))
})

void t.test('names the event', async t => {
  const sent = message('k'.repeat(1025))
  const headers = headersOf(sent)
  t.equal(headers.get('Nats-Msg-Id'), sent.id)
  t.equal(headers.get('ce-id'), sent.id)
  t.equal(headers.get('content-type'), 'application/cloudevents+json; charset=utf-8')
  t.notOk(headers.has('ce-partitionkey'), 'too long')
})
