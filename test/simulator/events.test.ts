import { readFileSync } from 'node:fs'
import t from 'tap'
import { createEventMaker, EVENT_TYPES } from '../../src/simulator/events.ts'

const media = (mime_type: string) => ({ url: /^https:\/\//, mime_type })
const message = (type: string, content: object) => ({ event_type: 'message', value: { type, content } })
const conversation = (event: string) => ({ event, timestamp: Number, project_id: 'p1' })

const NOW = Date.UTC(2026, 0, 15, 10, 30)

/** The shape of a value: its keys, in order, down to the types of what is in it. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.entries(value).map(([key, item]) => [key, shapeOf(item)])
}

for (const type of ['text', 'image'] as const) {
  void t.test(`${type} has the documented shape`, async t => {
    const fixture = readFileSync(new URL(`../fixtures/message-${type}.json`, import.meta.url), 'utf8')
    const documented: unknown = JSON.parse(fixture)
    t.strictSame(shapeOf(createEventMaker('p1', () => NOW)(type)), shapeOf(documented))
  })
}

void t.test('every type', async t => {
  const expected: Record<(typeof EVENT_TYPES)[number], object> = {
    text: message('text', { body: 'Hello' }),
    image: message('image', media('image/jpeg')),
    'image-caption': message('image', { ...media('image/jpeg'), caption: String }),
    video: message('video', media('video/mp4')),
    'video-caption': message('video', { ...media('video/mp4'), caption: String }),
    audio: message('audio', media('audio/ogg')),
    document: message('document', media('application/pdf')),
    'document-filename': message('document', { ...media('application/pdf'), filename: String }),
    'unknown-message': message('hologram', {}),
    'conversation.start': conversation('conversation.start'),
    'conversation.close': conversation('conversation.close'),
    'unknown-event': conversation('foo.bar'),
    'unknown-fields': { ...message('text', { body: 'Hello' }), priority: null, tags: ['a', { b: 1.5 }] },
  }
  t.strictSame([...EVENT_TYPES].toSorted(), Object.keys(expected).toSorted())
  const make = createEventMaker('p1', () => NOW)
  for (const type of EVENT_TYPES) {
    const event = make(type, 'room-7')
    t.match(event, expected[type], type)
    t.equal('event' in event, !('room_id' in event), `${type}: a room for messages only`)
  }
  const plain = [make('image'), make('video'), make('document')].map(event => JSON.stringify(event))
  for (const text of plain) t.notMatch(text, /caption|filename/)
})

void t.test('a room is one conversation with one contact', async t => {
  const make = createEventMaker('p1', () => NOW)
  const idsOf = ({ room_id, contact, conversation }: ReturnType<typeof make>) => ({
    room_id,
    contact,
    conversation,
  })
  t.strictSame(idsOf(make('text', 'a')), idsOf(make('audio', 'a')))
  t.match(make('text', 'a'), { room_id: 'a', project_id: 'p1' })
  t.notSame(idsOf(make('text', 'a')).contact, idsOf(make('text', 'b')).contact)
  t.notSame(idsOf(make('text', 'a')).conversation, idsOf(make('text', 'b')).conversation)
  t.match(make('text'), { room_id: 'room-1' })
})

void t.test('no two events are alike, and their timestamps rise', async t => {
  let now = NOW
  const make = createEventMaker('p1', () => now)
  const stamps = [make('text'), make('text'), make('conversation.start')]
  now = NOW - 1000
  stamps.push(make('conversation.start'))
  now = NOW + 1000
  stamps.push(make('text'))
  t.strictSame(
    stamps.map(({ timestamp }) => Number(timestamp) - NOW),
    [0, 1, 2, 3, 1000],
  )
  const ids = Array.from({ length: 100 }, () => Object(make('text')['value']).id)
  t.equal(new Set(ids).size, 100)
})
