import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { QueueFullError, QueueUnavailableError } from '../../../src/errors.ts'
import type { Flight } from '../../../src/queue/drivers/flights.ts'
import {
  linkedQueue,
  type Link,
  type LinkedQueueOptions,
  type LinkEvents,
} from '../../../src/queue/drivers/linked-queue.ts'
import { eventually } from '../fixtures/faults.ts'
import { message, messages } from '../fixtures/message.ts'

const lost = () => new QueueUnavailableError('lost')
const link = (more: Partial<Link> = {}): Link => ({
  publish: (_, flight) => flight.confirm('accepted'),
  close: async () => {},
  destroy() {},
  ...more,
})

/** A queue whose links are made by `open`, which is told the number of the try, from 1. */
function queueOf(
  open: (events: LinkEvents, attempt: number) => Promise<Link>,
  more: Partial<LinkedQueueOptions> = {},
) {
  let attempts = 0
  const queue = linkedQueue({
    name: 'test',
    deduplicates: false,
    timeout: 500,
    log: { info() {}, warn() {}, error() {} },
    open: events => open(events, ++attempts),
    ...more,
  })
  return { queue, attempts: () => attempts }
}

void t.test('is not opened again once it is closed in the middle of a try', async t => {
  let events: LinkEvents | undefined
  const { queue, attempts } = queueOf(async (given, attempt) => {
    events = given
    if (attempt === 1) return link()
    return new Promise((_, reject) =>
      given.signal.addEventListener('abort', () => reject(given.signal.reason as Error)),
    )
  })
  await queue.connect()
  events?.onLost(lost())
  await eventually(async () => {
    if (attempts() < 2) throw new Error('it does not try yet')
  })
  await queue.close()
  // Longer than any pause after so few failures.
  await sleep(1_000)
  t.equal(attempts(), 2)
  t.match(queue.health(), { ok: false })
})

void t.test('a link that is lost the moment it opens is a try that failed', async t => {
  const { queue } = queueOf(async ({ onLost }, attempt) => {
    if (attempt === 1) onLost(lost())
    return link()
  })
  t.teardown(() => queue.close())
  await t.rejects(queue.connect(), { code: 'ERR_QUEUE_UNAVAILABLE', message: /lost/ })
  t.match(queue.health(), { ok: false, reason: /lost/ })
  await queue.connect()
  t.equal(await queue.publish(message()), 'accepted')
})

void t.test('what may have arrived comes to its own end when its link is lost', async t => {
  let events: LinkEvents | undefined
  const flights: Flight[] = []
  const { queue } = queueOf(async given => {
    events = given
    return link({ publish: (_, flight) => flights.push(flight) })
  })
  t.teardown(() => queue.close())
  await queue.connect()
  const [one, two] = [queue.publish(message()), queue.publish(message())]
  await nextTurn()
  const three = queue.publish(message())
  events?.onLost(lost(), flight => (flight === flights[1] ? lost() : undefined))
  await t.rejects(two, { message: /lost/ })
  await t.rejects(three, { message: /lost/ }, 'it was not sent yet')
  flights[0]?.confirm('accepted')
  t.equal(await one, 'accepted')
})

void t.test(
  'sends what is published in one turn together, in order, also when it is closed in it',
  async t => {
    const sent: string[] = []
    const { queue } = queueOf(async () =>
      link({
        publish({ partitionKey }, flight) {
          if (sent.length === 0) queueMicrotask(() => sent.push('|'))
          sent.push(partitionKey)
          if (partitionKey === 'bad') throw new Error('it cannot be sent')
          flight.confirm('accepted')
        },
      }),
    )
    await queue.connect()
    const first = queue.publish(message('a'))
    await Promise.resolve()
    const second = queue.publish(message('bad'))
    await t.rejects(second, { message: /cannot be sent/ })
    const third = queue.publish(message('c'))
    await queue.close()
    t.same(await Promise.all([first, third]), ['accepted', 'accepted'])
    t.same(sent, ['a', 'bad', '|', 'c'])
  },
)

void t.test('sends while a turn of the event loop takes long, not only after it', async t => {
  let sent = 0
  const counting = link({
    publish(_, flight) {
      sent++
      flight.confirm('accepted')
    },
  })
  const { queue } = queueOf(async () => counting)
  t.teardown(() => queue.close())
  await queue.connect()
  const published = Promise.all(messages(1_500).map(one => queue.publish(one)))
  t.equal(sent, 1_280, 'before the turn is over')
  await published
  t.equal(sent, 1_500)
})

void t.test('the silence of a link says nothing where it watches itself', async t => {
  for (const watchesItself of [true, false]) {
    const { queue } = queueOf(async () => link({ publish() {} }), { watchesItself, patience: 50 })
    await queue.connect()
    await t.rejects(queue.publish(message()), { message: /not confirmed within 50 ms/ })
    t.match(queue.health(), watchesItself ? { ok: true } : { ok: false, reason: /it does not answer/ })
    await queue.close()
  }
})

void t.test('what a link tells after another took its place is of no account', async t => {
  const all: LinkEvents[] = []
  const { queue } = queueOf(async events => {
    all.push(events)
    return link()
  })
  t.teardown(() => queue.close())
  await queue.connect()
  all[0]?.onLost(lost())
  await eventually(() => queue.publish(message()))
  all[0]?.onLost(lost())
  t.equal(await queue.publish(message()), 'accepted')
  t.equal(all.length, 2)
})

void t.test('a broker that takes events again while it is being closed changes nothing', async t => {
  let events: LinkEvents | undefined
  const { queue } = queueOf(async given => {
    events = given
    return link({ close: async () => events?.onBlocked(undefined) })
  })
  await queue.connect()
  events?.onBlocked(new QueueFullError('memory'))
  await t.rejects(queue.publish(message()), { code: 'ERR_QUEUE_FULL' })
  await queue.close()
  t.match(queue.health(), { ok: false, reason: /closed/ })
  await t.rejects(queue.publish(message()))
})
