import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { request } from 'undici'
import { QueueUnavailableError } from '../../src/errors.ts'
import type { QueueConsumer } from '../../src/queue/types.ts'
import { startAdmin, type Harness } from './harness.ts'

// Every test has a queue of its own, whose thread takes a while to start on a busy machine.
t.setTimeout(120_000)

const MIB = 2 ** 20
/** Long enough for a request to arrive; were it not, the tests would show less but not fail. */
const ARRIVAL = 200

t.test('a consumer that waits gets what is published meanwhile', async t => {
  const { publish, receive } = await startAdmin(t)
  const waiting = [receive({ wait: '60s', max: 1 }), receive({ wait: '60s', max: 1 })]
  await sleep(ARRIVAL)
  await publish('k', 1)
  await publish('l', 2)
  const events = (await Promise.all(waiting)).flat().map(({ event }) => event.n)
  t.same(
    events.toSorted((a, b) => a - b),
    [1, 2],
  )
})

t.test('a wait that is over is answered with nothing', async t => {
  const { receive } = await startAdmin(t)
  const before = performance.now()
  t.same(await receive({ wait: '300ms' }), [])
  t.ok(performance.now() - before > 100)
})

t.test('who goes away while waiting gets nothing leased', async t => {
  const { app, url, publish, receive } = await startAdmin(t)
  const gone = new AbortController()
  const waiting = request(`${url}/queue/receive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"wait":"60s"}',
    signal: gone.signal,
  })
  await sleep(ARRIVAL)
  gone.abort()
  await t.rejects(waiting)
  while ((await connections(app)) > 0) await sleep(10)
  await publish('k', 1)
  t.match(await receive(), [{ attempts: 1 }])
})

t.test('who goes away before the answer is whole gives its messages back, uncounted', async t => {
  const { url, publish, receive } = await startAdmin(t)
  await Promise.all(Array.from({ length: 16 }, (_, n) => publish(`key ${n}`, large(n))))
  await cutShort(url)
  for (let received = 0; received < 16;) {
    const messages = await receive({ max: 1000, wait: '10s', lease: '5m' })
    if (messages.length === 0) break
    t.ok(messages.every(({ attempts }) => attempts === 1))
    received += messages.length
    t.ok(received <= 16)
  }
  t.same(await receive({ max: 1 }), [], 'all of them were given back')
})

t.test('what cannot be given back is left to its lease, and said', async t => {
  const event = Buffer.from(large(1).repeat(16))
  const consumer = {
    receive: async () => [{ lease: 'l', attempts: 1, event }],
    release: () => Promise.reject(new QueueUnavailableError('gone')),
  } as Partial<QueueConsumer> as QueueConsumer
  const { url, lines } = await startAdmin(t, { consumer })
  await cutShort(url)
  while (lines.length === 0) await sleep(10)
  t.match(lines, [{ level: 40, err: { code: 'ERR_QUEUE_UNAVAILABLE' } }])
})

t.test('an answer that arrived whole is not given back', async t => {
  const { publish, receive } = await startAdmin(t)
  await publish('k', 1)
  t.equal((await receive({ lease: '5m' })).length, 1)
  await sleep(ARRIVAL)
  t.same(await receive(), [])
})

t.test('closing ends every wait at once, with nothing', async t => {
  const { app, receive, publish, queue } = await startAdmin(t)
  const waiting = [receive({ wait: '60s' }), receive({ wait: '60s' })]
  await sleep(ARRIVAL)
  await app.close()
  t.same(await Promise.all(waiting), [[], []])
  await publish('k', 1)
  t.match(await queue.stats(), { waiting: 1, leased: 0 })
})

t.test('closing does not wait for a connection that says nothing', async t => {
  const { app, url } = await startAdmin(t)
  const { hostname, port } = new URL(url)
  const silent = connect(Number(port), hostname)
  silent.on('error', () => {})
  await once(silent, 'connect')
  await app.close()
  t.equal(await connections(app), 0)
})

t.test('a queue that ends under a consumer that waits answers it', async t => {
  const { queue, receive, call } = await startAdmin(t)
  const waiting = receive({ wait: '60s' })
  await sleep(ARRIVAL)
  await queue.close()
  t.same(await waiting, [])
  t.match(await call('POST', '/queue/receive'), { status: 503, json: { code: 'ERR_QUEUE_UNAVAILABLE' } })
})

function large(n: number): string {
  return JSON.stringify({ n, text: 'x'.repeat(MIB) })
}

/** Receives, and goes away when the answer begins. */
async function cutShort(url: string): Promise<void> {
  const { body } = await request(`${url}/queue/receive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"max":1000,"lease":"5m"}',
  })
  body.on('error', () => {})
  body.destroy()
}

function connections(app: Harness['app']): Promise<number> {
  return new Promise(resolve => {
    app.server.getConnections((_error, count) => resolve(count))
  })
}
