import t from 'tap'
import { natsHeaders } from '../../../src/queue/drivers/nats-headers.ts'
import { message } from '../fixtures/message.ts'

void t.test('encodes what a header cannot hold', async t => {
  const cases = {
    room: 'room',
    'a b"%': 'a%20b%22%25',
    'día 🎉': 'd%C3%ADa%20%F0%9F%8E%89',
    '\r\n\ud83d': '%0D%0A%EF%BF%BD',
  }
  for (const [key, value] of Object.entries(cases))
    t.equal(natsHeaders(message(key)).get('ce-partitionkey'), value)
})

void t.test('names the event', async t => {
  const sent = message('k'.repeat(1025))
  const headers = natsHeaders(sent)
  t.equal(headers.get('Nats-Msg-Id'), sent.id)
  t.equal(headers.get('ce-id'), sent.id)
  t.equal(headers.get('content-type'), 'application/cloudevents+json; charset=utf-8')
  t.notOk(headers.has('ce-partitionkey'), 'too long')
})
