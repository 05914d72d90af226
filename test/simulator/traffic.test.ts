import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createEventMaker } from '../../src/simulator/events.ts'
import type { Delivery } from '../../src/simulator/sender.ts'
import { sendTraffic, type SentEvent, type TrafficOptions } from '../../src/simulator/traffic.ts'

const OK: Delivery = { status: 200, body: '', latency: 5 }

/** A sender that notes what it is given, and answers what it is told to. */
function recorder(answer: (sent: number) => Delivery | Promise<Delivery> = () => OK) {
  const bodies: string[] = []
  return {
    bodies,
    registered: () => true,
    make: createEventMaker('p1', Date.now),
    send: async (body: unknown) => {
      bodies.push(String(body))
      return answer(bodies.length)
    },
  }
}

function run(options: TrafficOptions, sender = recorder()) {
  const sent: SentEvent[] = []
  const tally = sendTraffic(sender, { ...options, onDelivery: event => sent.push(event) })
  return tally.then(tally => ({ tally, sent, bodies: sender.bodies }))
}

void t.test('a count of events, over rooms and types in turn', async t => {
  const { tally, sent, bodies } = await run({ count: 12, rooms: 3, types: ['text', 'audio'] })
  t.match(tally, { sent: 12, redelivered: 0, outcomes: { 200: 12 } })
  t.strictSame(
    sent.map(({ body }) => body),
    bodies,
    'the exact text that was sent',
  )
  const rooms = sent.map(({ room }) => room)
  for (const room of ['room-1', 'room-2', 'room-3']) {
    t.equal(rooms.filter(other => other === room).length, 4, room)
  }
  t.equal(sent.filter(({ type }) => type === 'audio').length, 6)
  for (const { body, room, type } of sent) {
    t.match(JSON.parse(body), { room_id: room, value: { type } })
  }
})

void t.test('one room and text, when nothing else is asked for', async t => {
  const { sent } = await run({ count: 2 })
  t.match(sent, [
    { room: 'room-1', type: 'text', again: false },
    { room: 'room-1', type: 'text', again: false },
  ])
})

void t.test('each room in order, and no more rooms at a time than asked for', async t => {
  for (const [rooms, concurrency, most] of [
    [5, 2, 2],
    [3, 9, 3],
    [4, undefined, 4],
  ] as const) {
    let open = 0
    let highest = 0
    const sender = recorder(async sent => {
      highest = Math.max(highest, ++open)
      await setTimeout((sent * 7) % 5)
      open--
      return OK
    })
    const { sent } = await run({ count: 40, rooms, concurrency }, sender)
    t.equal(highest, most)
    t.equal(new Set(sent.map(({ room }) => room)).size, rooms, 'every room has events')
    for (const room of new Set(sent.map(({ room }) => room))) {
      const own = sent.filter(event => event.room === room).map(({ body }) => body)
      const bodies = sender.bodies.filter(body => JSON.parse(body).room_id === room)
      t.strictSame(own, bodies, `${room} is answered in the order in which it was sent`)
      const stamps = own.map(body => Number(JSON.parse(body).timestamp))
      t.strictSame(
        stamps,
        stamps.toSorted((a, b) => a - b),
        `${room} is sent in the order of its timestamps`,
      )
    }
  }
})

void t.test('each n-th event is sent again, the same bytes', async t => {
  const { tally, sent, bodies } = await run({ count: 6, redeliverEvery: 3 })
  t.match(tally, { sent: 8, redelivered: 2 })
  t.strictSame(
    sent.map(({ again }) => again),
    [false, false, false, true, false, false, false, true],
  )
  t.equal(bodies[2], bodies[3])
  t.equal(new Set(bodies).size, 6)
})

void t.test('outcomes by status or error, and latencies in ms', async t => {
  const answers: Delivery[] = [
    { status: 200, body: '', latency: 10 },
    { status: 503, body: '', latency: 20 },
    { status: 0, body: '', latency: 1000, error: 'ECONNREFUSED' },
    { status: 200, body: '', latency: 0 },
  ]
  const { tally } = await run(
    { count: 4 },
    recorder(sent => answers[sent - 1] ?? OK),
  )
  t.strictSame(tally.outcomes, { 200: 2, 503: 1, ECONNREFUSED: 1 })
  const { p50, p99, max } = tally.latency
  t.ok(
    Math.abs(p50 - 10) < 0.1 && Math.abs(p99 - 1000) < 10 && Math.abs(max - 1000) < 10,
    JSON.stringify(tally.latency),
  )
  t.ok(tally.elapsed > 0)
})

void t.test('a rate is kept, for a time', async t => {
  const start = performance.now()
  const { tally } = await run({ rate: 50, duration: 210, rooms: 2 })
  t.equal(tally.sent, 11, 'the part of an event that is left is one')
  // The last of eleven is due after ten fiftieths of a second.
  t.ok(performance.now() - start >= 195)
})

void t.test('the signal ends it, even a long wait', async t => {
  const controller = new AbortController()
  const sender = recorder(sent => {
    if (sent === 3) controller.abort()
    return OK
  })
  t.match(await run({ signal: controller.signal, redeliverEvery: 1 }, sender), { tally: { sent: 3 } })
  t.match(await run({ signal: controller.signal }), {
    tally: { sent: 0, latency: { p50: 0, p99: 0, max: 0 } },
  })

  const slow = new AbortController()
  const running = run({ rate: 0.001, signal: slow.signal })
  await setTimeout(20)
  slow.abort()
  t.match(await running, { tally: { sent: 1 } })
})

void t.test('it waits for a registration', async t => {
  let registered = false
  const sender = { ...recorder(), registered: () => registered }
  const running = run({ count: 2 }, sender)
  await setTimeout(60)
  t.equal(sender.bodies.length, 0)
  registered = true
  t.match(await running, { tally: { sent: 2 } })

  const controller = new AbortController()
  registered = false
  const waiting = run({ signal: controller.signal }, sender)
  controller.abort()
  t.match(await waiting, { tally: { sent: 0 } })
})
