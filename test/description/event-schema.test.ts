import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseEvent } from '../../src/jelou/event.ts'
import { jelouEvent } from '../../src/jelou/event-schema.ts'
import { signingKey, verifyBody, type VerifiedBody } from '../../src/jelou/signature.ts'
import { EVENT_TYPES } from '../../src/simulator/events.ts'
import { sign, startWebhook } from '../webhook/harness.ts'
import { exchange, validator } from './checker.ts'
import { startService } from './service.ts'

// The service takes a while to start on a busy machine.
t.setTimeout(120_000)

const ROOT = join(import.meta.dirname, '../..')
const file = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const ajv = validator().addSchema(JSON.parse(file('docs/schemas/event.json')), 'event')

/** What is wrong with a value by a part of the schema, or by all of it. */
function problems(value: unknown, part?: string): string[] {
  const check = ajv.compile({ $ref: part === undefined ? 'event' : `event#/$defs/${part}` })
  check(value)
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

type Event = { type: string; data: { value?: object } }

t.test('what comes out of the embedded queue is as the schema says', async t => {
  const { jelou, adminUrl } = await startService(t)
  const fixtures = ['text', 'image'].map(name => file(`test/fixtures/message-${name}.json`))
  for (const [index, type] of EVENT_TYPES.entries()) await jelou.send(jelou.event(type, `room ${index}`))
  for (const fixture of fixtures) await jelou.send(fixture)
  await jelou.send('{"event_type":"message","room_id":42,"value":7}')
  const events: Event[] = []
  for (;;) {
    const received = await exchange(adminUrl, 'POST', '/queue/receive', { body: '{"max":1000}' })
    const { messages }: { messages: { lease: string; event: Event }[] } = JSON.parse(received.text)
    if (messages.length === 0) break
    events.push(...messages.map(({ event }) => event))
    const body = JSON.stringify({ leases: messages.map(({ lease }) => lease) })
    await exchange(adminUrl, 'POST', '/queue/ack', { body })
  }
  t.equal(events.length, EVENT_TYPES.length + fixtures.length + 1)
  for (const event of events) t.same(problems(event), [], event.type)
  const documented = events.filter(({ data }) => problems(data, 'MessageEvent').length === 0)
  t.equal(documented.length, 12, 'every message but the one with odd fields is a documented one')
  for (const [type, part] of [
    ['start', 'ConversationStartEvent'],
    ['close', 'ConversationCloseEvent'],
  ] as const) {
    const event = events.find(event => event.type === `ai.jelou.conversation.${type}`)
    t.same(problems(event?.data, part), [], part)
  }
})

const VALUES: [name: string, value: object, isRight: boolean][] = [
  ['a text', { id: 'i', type: 'text', content: { body: 'b' } }, true],
  ['another type', { type: 'hologram' }, true],
  ['more fields', { id: 'i', type: 'text', content: { body: 'b', more: 1 }, more: 2 }, true],
  ['no type', { id: 'i', content: {} }, false],
]

t.test('the values of messages', async t => {
  for (const [name, value, isRight] of VALUES)
    t.equal(problems(value, 'MessageValue').length === 0, isRight, name)
})

t.test('what is no event of this service is wrong', async t => {
  const { post, published } = await startWebhook(t)
  await post('{"event":"e"}')
  const event: Record<string, unknown> = JSON.parse(String(published[0]?.body))
  t.same(problems(event), [])
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const more = { traceparent: trace, tracestate: 'a=b', another: 1 }
  t.same(problems({ ...event, ...more }), [], 'tracing, and attributes to come')
  for (const name of Object.keys(event)) {
    const { [name]: _, ...rest } = event
    t.equal(problems(rest).length > 0, name !== 'traceparent', `without ${name}`)
  }
  const wrong: Record<string, unknown[]> = {
    specversion: ['0.3', 1],
    id: ['a', 'A'.repeat(64), 'a'.repeat(65)],
    source: ['urn:other:p', 'urn:jelou:project:'],
    type: ['e', 'ai.jelou.', 'xai.jelou.e'],
    subject: ['', 1],
    time: ['now', 1776134278574],
    datacontenttype: ['text/plain'],
    partitionkey: ['', null],
    receivedat: ['2026-04-14'],
    traceparent: ['', `${trace}-more`],
    tracestate: [1],
    data: ['text', null, [], {}, { event: '' }, { event: 5 }],
  }
  for (const [name, values] of Object.entries(wrong))
    for (const value of values)
      t.not(problems({ ...event, [name]: value }).length, 0, `${name} ${JSON.stringify(value)}`)
})

t.test('the described body is what the webhook takes', async t => {
  const bodies = [
    '{"event":"e"}',
    '{"event_type":"message"}',
    '{"event":"","event_type":"message"}',
    '{"event":5,"event_type":"message"}',
    '{"event":"e","timestamp":"soon","room_id":{"a":1}}',
    '{"event_type":"message","value":7}',
    '{"event":""}',
    '{"event":5}',
    '{"name":"e"}',
    '{}',
    '[]',
    '"e"',
    'null',
  ]
  t.same(
    bodies.map(body => [body, jelouEvent.safeParse(JSON.parse(body)).success]),
    bodies.map(body => [body, isTaken(body)]),
  )
  t.equal(bodies.filter(isTaken).length, 6)
})

function isTaken(body: string): boolean {
  try {
    return parseEvent(verified(body)) !== undefined
  } catch {
    return false
  }
}

function verified(body: string): VerifiedBody {
  const result = verifyBody(Buffer.from(body), sign(body, 'secret'), [signingKey('secret')])
  if (!result) throw new Error('the signature of a test body did not verify')
  return result
}
