import t from 'tap'
import { createEventMaker, idOf } from './events.ts'
import { Ledger } from './ledger.ts'
import { deliveredOf, type Delivered } from './queues/engine.ts'
import { Verifier, type Findings } from './verify.ts'

const make = createEventMaker(1, 0)

/** An event as the service puts it on the queue, except for what is given. */
function message(
  place: number,
  { body = make(0, place), ...altered }: Record<string, string> = {},
): Delivered {
  const attributes = {
    specversion: '1.0',
    id: idOf(body),
    source: 'urn:jelou:project:chaos',
    type: 'ai.jelou.message',
    subject: 'room-0',
    time: new Date(place * 10).toISOString(),
    datacontenttype: 'application/json',
    partitionkey: 'room-0',
    ...altered,
  }
  return deliveredOf(`${JSON.stringify(attributes).slice(0, -1)},"data":${body}}`)
}

function look(messages: Delivered[], mayRepeat = false): Findings {
  const ledger = new Ledger(1)
  for (let place = 0; place < 3; place++) {
    const event = { room: 0, place: ledger.begin(0) }
    ledger.asked(event, 0)
    ledger.acknowledge(event)
  }
  const verifier = new Verifier({ projectId: 'chaos', ledger, make, mayRepeat: () => mayRepeat })
  verifier.look(messages)
  return verifier.findings
}

t.test('what comes out as it was sent is right', async t => {
  t.same(look([message(0), message(1), message(2)]), { delivered: 3, repeated: 0, wrong: [] })
})

t.test('what must not be is found', async t => {
  const body = make(0, 0)
  const cases: [string, Delivered[], string[]][] = [
    ['a number that a parser has changed', [message(0, { body: body.replace('.10,', '.1,') })], ['altered']],
    ['other spacing', [message(0, { body: body.replace(', "', ',"') })], ['altered']],
    ['another id', [message(0, { id: idOf('') })], ['altered']],
    ['another key', [message(0, { partitionkey: 'room-1' })], ['altered']],
    ['another subject', [message(0, { subject: 'room-1' })], ['altered']],
    ['another type', [message(0, { type: 'ai.jelou.conversation.close' })], ['altered']],
    ['another project', [message(0, { source: 'urn:jelou:project:another' })], ['altered']],
    ['another time', [message(0, { time: new Date(1).toISOString() })], ['altered']],
    ['another kind of data', [message(0, { datacontenttype: 'text/plain' })], ['altered']],
    ['another version', [message(0, { specversion: '0.3' })], ['altered']],
    ['the wrong order', [message(1), message(0)], ['disordered']],
    ['the same again', [message(0), message(0)], ['repeated']],
    ['one that nobody sent', [message(3)], ['never sent']],
    ['something else', [deliveredOf('{"id":"x","data":{"room_id":"lobby"}}')], ['never sent']],
    ['nothing', [deliveredOf('{"id":"x"}')], ['never sent']],
  ]
  for (const [name, messages, wrong] of cases)
    t.same(
      look(messages).wrong.map(({ what }) => what),
      wrong,
      name,
    )
})

t.test('repeats count, and are right where the contract allows them', async t => {
  t.same(look([message(0), message(1), message(0)], true), { delivered: 3, repeated: 1, wrong: [] })
})
