import { createHmac } from 'node:crypto'
import t from 'tap'
import { parseEvent } from '../../src/jelou/event.ts'
import { signingKey, verifyBody, type VerifiedBody } from '../../src/jelou/signature.ts'

function verified(body: string | Buffer): VerifiedBody {
  const bytes = Buffer.from(body)
  const header = `sha256=${createHmac('sha256', 'secret').update(bytes).digest('hex')}`
  const result = verifyBody(bytes, header, [signingKey('secret')])
  if (!result) throw new Error('the signature of a test body did not verify')
  return result
}

const keys: [string, object, string | undefined][] = [
  ['room first', { room_id: 'r', conversation: { id: 'c' }, contact: { id: 'u' }, project_id: 'p' }, 'r'],
  ['then conversation', { conversation: { id: 'c' }, contact: { id: 'u' }, project_id: 'p' }, 'c'],
  ['then contact', { contact: { id: 'u' }, project_id: 'p' }, 'u'],
  ['then project', { project_id: 'p' }, 'p'],
  ['none', {}, undefined],
  ['a number is an id', { room_id: 42 }, '42'],
  [
    'null, empty and odd ones do not count',
    { room_id: null, conversation: 'c', contact: [], project_id: '' },
    undefined,
  ],
  [
    'an id of another type does not count',
    { room_id: { a: 1 }, conversation: { id: true }, project_id: 'p' },
    'p',
  ],
]

t.test('the partition key', async t => {
  for (const [name, fields, expected] of keys) {
    t.equal(parseEvent(verified(JSON.stringify({ event: 'e', ...fields }))).partitionKey, expected, name)
  }
})

t.test('the name', async t => {
  const cases: [object, string][] = [
    [{ event_type: 'message' }, 'message'],
    [{ event: 'conversation.close' }, 'conversation.close'],
    [{ event: 'foo.bar', event_type: 'message' }, 'foo.bar'],
    [{ event: '', event_type: 'message' }, 'message'],
    [{ event: 5, event_type: 'message' }, 'message'],
  ]
  for (const [body, expected] of cases)
    t.equal(parseEvent(verified(JSON.stringify(body))).name, expected, expected)
})

t.test('the timestamp', async t => {
  const cases: [unknown, number | undefined][] = [
    [1776134278574, 1776134278574],
    [1776134278574.9, 1776134278574],
    [253_402_300_799_999, 253_402_300_799_999],
    [253_402_300_800_000, undefined],
    [0, undefined],
    [-1, undefined],
    ['1776134278574', undefined],
    [null, undefined],
    [undefined, undefined],
  ]
  for (const [timestamp, expected] of cases) {
    t.equal(
      parseEvent(verified(JSON.stringify({ event: 'e', timestamp }))).timestamp,
      expected,
      String(timestamp),
    )
  }
})

t.test('what is not an event', async t => {
  const cases: [string | Buffer, string][] = [
    ['', 'ERR_BODY_NOT_JSON'],
    ['{"event":"e"', 'ERR_BODY_NOT_JSON'],
    ['hello', 'ERR_BODY_NOT_JSON'],
    ['\ufeff{"event":"e"}', 'ERR_BODY_NOT_JSON'],
    [Buffer.from('{"event":"\xff"}', 'latin1'), 'ERR_BODY_NOT_JSON'],
    ['[]', 'ERR_EVENT_INVALID'],
    ['null', 'ERR_EVENT_INVALID'],
    ['"event"', 'ERR_EVENT_INVALID'],
    ['[{"event":"e"}]', 'ERR_EVENT_INVALID'],
    ['{}', 'ERR_EVENT_INVALID'],
    ['{"event":null,"event_type":7}', 'ERR_EVENT_INVALID'],
  ]
  for (const [body, code] of cases)
    t.throws(() => parseEvent(verified(body)), { code }, JSON.stringify(body.toString()))
})

t.test('names that JavaScript treats specially are plain names', async t => {
  const body = '{"__proto__":{"event":"evil","room_id":"evil"},"event":"e","constructor":{"id":"x"}}'
  t.same(parseEvent(verified(body)), { name: 'e', partitionKey: undefined, timestamp: undefined })
})

t.test('a parser error does not quote the body', async t => {
  t.notMatch(
    t.throws(() => parseEvent(verified('{"private words'))),
    /private/,
  )
})
