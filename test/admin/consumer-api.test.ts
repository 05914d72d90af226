import t from 'tap'
import { startAdmin, type Harness, type Message } from './harness.ts'

// Every test has a queue of its own, whose thread takes a while to start on a busy machine.
t.setTimeout(120_000)

const MIB = 2 ** 20

t.test('one event of a key at a time, in order', async t => {
  const { call, publish, receive } = await startAdmin(t)
  for (const [key, n] of [
    ['k', 1],
    ['k', 2],
    ['l', 3],
  ] as const)
    await publish(key, n)
  const first = await receive()
  t.match(first, [
    { attempts: 1, event: { n: 1, key: 'k' } },
    { attempts: 1, event: { n: 3, key: 'l' } },
  ])
  t.same(await receive(), [], 'the second of k waits for the first')
  t.same((await call('POST', '/queue/ack', { leases: leasesOf(first) })).json, { settled: 2, expired: [] })
  t.match(await receive(), [{ attempts: 1, event: { n: 2 } }])
})

t.test('max is kept, and 10 without it', async t => {
  const { publish, receive } = await startAdmin(t)
  for (let n = 0; n < 15; n++) await publish(`key ${n}`, n)
  t.equal((await receive({ max: 2 })).length, 2)
  t.equal((await receive()).length, 10)
  t.equal((await receive({ max: 1000 })).length, 3)
})

t.test('what is acknowledged is gone, once', async t => {
  const { call, publish, receive } = await startAdmin(t)
  await publish('k', 1)
  const leases = leasesOf(await receive())
  t.same((await call('POST', '/queue/ack', { leases })).json, { settled: 1, expired: [] })
  t.same((await call('POST', '/queue/ack', { leases })).json, { settled: 0, expired: leases })
  t.same((await call('POST', '/queue/nack', { leases: ['never'] })).json, { settled: 0, expired: ['never'] })
  t.match((await call('GET', '/queue/stats')).json, { waiting: 0, leased: 0, dead: 0 })
})

t.test('a lease that runs out comes back, counted', async t => {
  const { call, publish, receive } = await startAdmin(t)
  await publish('k', 1)
  const first = await receive({ lease: '1ms' })
  t.match(first, [{ attempts: 1 }])
  t.match(await receive({ wait: '20s' }), [{ attempts: 2, event: { n: 1 } }])
  const { json } = await call('POST', '/queue/ack', { leases: leasesOf(first) })
  t.same(json, { settled: 0, expired: leasesOf(first) }, 'the old lease no longer counts')
})

t.test('what is returned comes back at once or after its delay, counted', async t => {
  const { call, publish, receive } = await startAdmin(t)
  await publish('k', 1)
  await call('POST', '/queue/nack', { leases: leasesOf(await receive()) })
  const again = await receive()
  t.match(again, [{ attempts: 2 }])
  const { json } = await call('POST', '/queue/nack', { leases: leasesOf(again), delay: '300ms' })
  t.same(json, { settled: 1, expired: [] })
  t.match((await call('GET', '/queue/stats')).json, { waiting: 0, delayed: 1 })
  const before = performance.now()
  t.match(await receive({ wait: '20s' }), [{ attempts: 3 }])
  t.ok(performance.now() - before > 100, 'not before its delay is over')
})

t.test('after 5 attempts a message is dead, and does not hold up its key', async t => {
  const { call, publish, receive } = await startAdmin(t)
  await publish('k', 1)
  await publish('k', 2)
  for (let attempts = 1; attempts <= 5; attempts++) {
    const messages = await receive()
    t.match(messages, [{ attempts, event: { n: 1 } }])
    await call('POST', '/queue/nack', { leases: leasesOf(messages), reason: `failure ${attempts}` })
  }
  t.match(await receive(), [{ attempts: 1, event: { n: 2 } }])
  const { dead } = (await call('GET', '/queue/dead')).json as { dead: Record<string, unknown>[] }
  t.same(dead, [
    { seq: 1, attempts: 5, reason: 'failure 5', diedAt: dead[0]?.['diedAt'], event: { n: 1, key: 'k' } },
  ])
  const diedAt = String(dead[0]?.['diedAt'])
  t.equal(new Date(diedAt).toISOString(), diedAt)
  t.ok(Math.abs(Date.parse(diedAt) - Date.now()) < 60_000)
})

t.test('dead letters: pages, and back to the queue, some or all', async t => {
  const harness = await startAdmin(t, { maxAttempts: 1 })
  const { call, receive } = harness
  await bury(harness, [1, 2, 3, 4, 5].map(String))
  const page = async (query: string) =>
    ((await call('GET', `/queue/dead?${query}`)).json['dead'] as { event: number }[]).map(
      ({ event }) => event,
    )
  t.same(await page(''), [1, 2, 3, 4, 5])
  t.same(await page('limit=2'), [1, 2])
  t.same(await page('limit=2&after=2'), [3, 4])
  t.same(await page('limit=2&after=4'), [5])
  t.same(await page('after=5'), [])

  t.same((await call('POST', '/queue/dead/redrive', { seqs: [] })).json, { redriven: 0 }, 'none is not all')
  t.same((await call('POST', '/queue/dead/redrive', { seqs: [2, 4, 99] })).json, { redriven: 2 })
  t.same(await page(''), [1, 3, 5])
  t.match(await receive(), [
    { attempts: 1, event: 2 },
    { attempts: 1, event: 4 },
  ])
  t.same((await call('POST', '/queue/dead/redrive')).json, { redriven: 3 })
  t.same(await page(''), [])
})

const exact = [
  '{"data":{"id":12345678901234567890,"n":1.0,"e":1E+2,"z":-0}}',
  '{ "data" :\t{ "spaced" : [ 1 ,\n 2 ] ,\r\n "é" : "\\u00e9\\/\\ud83d" } }',
  '{"data":{"b":1,"1":2,"b":3,"__proto__":{"x":1}}}',
  `{"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
]

t.test('the text of an event is what was published, byte for byte', async t => {
  const harness = await startAdmin(t, { maxAttempts: 1 })
  const { call, publish } = harness
  for (const text of exact) {
    await publish('k', text)
    const answer = await call('POST', '/queue/receive')
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    const [message] = answer.json['messages'] as Message[]
    t.ok(message)
    const expected = `{"messages":[{"lease":"${message?.lease}","attempts":1,"event":${text}}]}`
    t.ok(answer.text === expected, text.slice(0, 60))
    await call('POST', '/queue/nack', { leases: [message?.lease], reason: 'a "quoted" reason' })
  }
  const { text } = await call('GET', '/queue/dead')
  const letters = text.replaceAll(/"diedAt":"[^"]+"/g, '"diedAt":""')
  const expected = exact.map(
    (event, index) =>
      `{"seq":${index + 1},"attempts":1,"reason":"a \\"quoted\\" reason","diedAt":"","event":${event}}`,
  )
  t.ok(letters === `{"dead":[${expected.join(',')}]}`, 'and so it is among the dead')
})

t.test('however large the events are, an answer is not', async t => {
  const harness = await startAdmin(t, { maxAttempts: 1 })
  const { call, receive } = harness
  const large = Array.from({ length: 20 }, (_, index) => JSON.stringify({ index, text: 'x'.repeat(MIB) }))
  await Promise.all(large.map((text, index) => harness.publish(`key ${index}`, text)))
  const batches = [await receive({ max: 1000 }), await receive({ max: 1000 })]
  t.same(
    batches.map(({ length }) => length),
    [16, 4],
  )
  await call('POST', '/queue/nack', { leases: leasesOf(batches.flat()) })
  const seqs = async (after: number) => {
    const { json } = await call('GET', `/queue/dead?limit=1000&after=${after}`)
    return (json['dead'] as { seq: number }[]).map(({ seq }) => seq)
  }
  const pages = [await seqs(0), await seqs(16), await seqs(20)]
  t.same(
    pages.map(({ length }) => length),
    [16, 4, 0],
  )
  t.same(
    pages.flat(),
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
})

/** Makes dead letters of these events, of a queue that tries once. */
async function bury({ call, publish, receive }: Harness, events: string[]): Promise<void> {
  for (const event of events) {
    await publish(`key ${event}`, event)
    await call('POST', '/queue/nack', { leases: leasesOf(await receive()) })
  }
}

function leasesOf(messages: Message[]): string[] {
  return messages.map(({ lease }) => lease)
}
