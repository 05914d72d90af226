import { createHash } from 'node:crypto'
import t from 'tap'
import { createEventMaker, idOf } from './events.ts'

const FROM = 1_700_000_000_000

t.test('an event can be made again from its place, and no two are alike', async t => {
  const [first, again, other] = [
    createEventMaker(1, FROM),
    createEventMaker(1, FROM),
    createEventMaker(2, FROM),
  ]
  t.equal(first(3, 7), again(3, 7))
  t.not(first(3, 7), other(3, 7))
  const bodies = Array.from({ length: 100 }, (_, place) => [first(0, place), first(1, place)]).flat()
  t.equal(new Set(bodies).size, bodies.length)
})

t.test('each is an event that the service takes, small, large and very large', async t => {
  const make = createEventMaker(1, FROM)
  const bodies = Array.from({ length: 2_000 }, (_, place) => make(0, place))
  const events = bodies.map(body => JSON.parse(body))
  t.match(events[7], { event_type: 'message', room_id: 'room-0', place: 7, timestamp: FROM + 70 })
  t.ok(events.every((event, place) => event.place === place && event.timestamp === FROM + place * 10))
  const sizes = bodies.map(body => Buffer.byteLength(body))
  t.ok(Math.min(...sizes) < 400)
  t.ok(sizes.some(size => size > 16 * 1024))
  t.ok(Math.max(...sizes) > 300 * 1024 && Math.max(...sizes) < 1024 * 1024)
  t.ok(
    bodies.every(body => body.isWellFormed()),
    'no half of a character',
  )
})

t.test('its id is the digest of its bytes', async t => {
  t.equal(idOf('é'), createHash('sha256').update(Buffer.from('é')).digest('hex'))
})
