import type { ServerResponse } from 'node:http'
import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { consume, type ConsumeOptions } from '../../src/admin/consume.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

// Every test has a queue of its own, whose thread takes a while to start on a busy machine.
t.setTimeout(120_000)

type Options = Partial<ConsumeOptions> & { url: string }

/** Consumes until it is told to end, and tells which lines were printed and which failures were reported. */
function start({ url, ...options }: Options) {
  const lines: string[] = []
  const failures: string[] = []
  const ending = new AbortController()
  const out = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString())
      done()
    },
  })
  const consuming = consume({
    url,
    token: undefined,
    out,
    signal: ending.signal,
    onRetry: error => failures.push(error.message),
    retryDelay: 10,
    ...options,
  })
  return {
    lines,
    failures,
    consuming,
    end: async () => {
      ending.abort()
      await consuming
    },
  }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(10)
}

t.test('prints each event as one line, in its own text, and acknowledges it', async t => {
  const { url, publish, queue } = await startAdmin(t)
  const texts = [
    '{"data":{"id":12345678901234567890,"n":1.0,"e":1E+2,"z":-0}}',
    '{"data":{"b":"\\u00e9\\n\\/","1":"é","b":"}]}"}}',
    '{"messages":[{"lease":"x","event":{}}]}',
    `{"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  ]
  for (const text of texts) await publish('k', text)
  await publish('k', '{ "data" :\r\n\t{} \n}')
  const { lines, end } = start({ url })
  await until(async () => (await queue.stats()).waiting === 0 && lines.length === 5)
  await publish('l', '{"late":true}')
  await until(() => lines.length === 6)
  await end()
  const expected = [...texts, '{ "data" :  \t{}  }', '{"late":true}'].map(text => `${text}\n`)
  t.ok(JSON.stringify(lines) === JSON.stringify(expected))
  t.match(await queue.stats(), { waiting: 0, leased: 0, delayed: 0, dead: 0 })
})

t.test('what is not printed yet is not acknowledged, and nothing behind it is touched', async t => {
  const { url, publish, queue } = await startAdmin(t)
  for (let n = 1; n <= 3; n++) await publish(`key ${n}`, n)
  const printing: (() => void)[] = []
  const out = new Writable({ write: (_line, _encoding, done) => void printing.push(done) })
  const { end } = start({ url, out })
  await until(() => printing.length === 1)
  t.match(await queue.stats(), { waiting: 2, leased: 1 })
  const ended = end()
  await sleep(50)
  t.match(await queue.stats(), { waiting: 2, leased: 1 }, 'the end does not acknowledge it either')
  printing[0]?.()
  await ended
  t.match(await queue.stats(), { waiting: 2, leased: 0 }, 'once it is printed it is acknowledged')
  t.equal(printing.length, 1)
})

t.test('what was printed and comes again is acknowledged, not printed again', async t => {
  const settled = JSON.stringify({ settled: 1, expired: [] })
  const failures: [name: string, fail: (response: ServerResponse) => void][] = [
    ['its lease ran out while it was printed', r => r.end('{"settled":0,"expired":["lease 0"]}')],
    ['the service was away', r => r.writeHead(503).end()],
  ]
  for (const [name, fail] of failures) {
    const events = ['a', 'b', 'a', 'a']
    let leased = 0
    const { origin, received } = await serve(t, (request, response) => {
      if (request.url === '/queue/ack') return void (leased === 1 ? fail(response) : response.end(settled))
      const event = events[leased++]
      const message = `{"lease":"lease ${leased}","attempts":1,"event":"${event}"}`
      response.end(`{"messages":[${event === undefined ? '' : message}]}`)
    })
    const { lines, end } = start({ url: origin })
    await until(() => leased > events.length)
    await end()
    t.same(lines, ['"a"\n', '"b"\n', '"a"\n'], `${name}; once it is acknowledged, another one is another`)
    t.equal(received.filter(({ url }) => url === '/queue/ack').length, 4)
  }
})

t.test('a consumer that ends hard leaves everything but what it printed', async t => {
  const { url, publish, queue } = await startAdmin(t)
  for (let n = 1; n <= 3; n++) await publish(`key ${n}`, n)
  const out = new PassThrough()
  const { consuming } = start({ url, out })
  out.once('data', () => out.destroy(new Error('the pipe broke')))
  await t.rejects(consuming, { message: /the pipe broke|destroyed/ })
  const { waiting, leased } = await queue.stats()
  t.ok(waiting + leased >= 2)
})

t.test('an output that fails ends it, without an unhandled error', async t => {
  const { url, publish, queue } = await startAdmin(t)
  await publish('k', 1)
  const out = new Writable({ write: (_line, _encoding, done) => done(new Error('EPIPE')) })
  await t.rejects(start({ url, out }).consuming, { message: 'EPIPE' })
  await sleep(10)
  t.match(await queue.stats(), { waiting: 0, leased: 1 }, 'and it was not acknowledged')
})

t.test('listeners do not pile up on the output', async t => {
  const { url, publish } = await startAdmin(t)
  const out = new PassThrough()
  for (let n = 0; n < 20; n++) await publish(`key ${n}`, n)
  let printed = 0
  out.on('data', () => printed++)
  const { end } = start({ url, out })
  await until(() => printed === 20)
  await end()
  t.equal(out.listenerCount('error'), 0)
})

t.test('while the service is away it is tried again, and goes on when it is back', async t => {
  const first = await startAdmin(t)
  await first.publish('k', 1)
  const { lines, failures, end } = start({ url: first.url })
  await until(async () => lines.length === 1 && (await first.queue.stats()).leased === 0)
  await first.app.close()
  await until(() => failures.length >= 2)
  t.match(failures[0], `The service does not answer at ${first.url}`)
  await t.test('back', async t => {
    const second = await startAdmin(t, { port: Number(new URL(first.url).port) })
    await second.publish('k', 2)
    await until(async () => lines.length === 2 && (await second.queue.stats()).leased === 0)
    t.match(lines, [/"n":1/, /"n":2/])
    await end()
  })
})

t.test('the pause between tries ends at the signal', async t => {
  const { origin } = await serve(t, (_request, response) => {
    response.statusCode = 503
    response.end()
  })
  const { failures, end } = start({ url: origin, retryDelay: 3_600_000 })
  await until(() => failures.length === 1)
  await end()
  t.equal(failures.length, 1)
})

t.test('a wait that brought nothing is followed by the next', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end('{"messages":[]}'))
  const { lines, failures, end } = start({ url: origin })
  await until(() => received.length >= 2)
  await end()
  t.same([...lines, ...failures], [])
  t.match(received[1], { url: '/queue/receive', body: '{"max":1,"wait":"20s","lease":"30s"}' })
})

t.test('a wait ends at the signal', async t => {
  const { url, queue, publish } = await startAdmin(t)
  const { end, failures } = start({ url })
  await sleep(200)
  await end()
  t.same(failures, [])
  await publish('k', 1)
  // The service learns a little later that the consumer hung up: what it leased until then is given back, or runs out.
  await until(async () => (await queue.stats()).waiting === 1)
  t.equal((await queue.stats()).leased, 0)
})

t.test('an aborted signal leaves everything alone', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end('{"messages":[]}'))
  await start({ url: origin, signal: AbortSignal.abort() }).consuming
  t.equal(received.length, 0)
})

t.test('a refusal ends it', async t => {
  const { url } = await startAdmin(t, { token: 'a-token-of-sixteen' })
  await t.rejects(start({ url }).consuming, { code: 'ERR_ADMIN_REFUSED', message: /401/ })
  await t.rejects(start({ url, token: 'wrong' }).consuming, { code: 'ERR_ADMIN_REFUSED', message: /401/ })
  const { url: broker } = await startAdmin(t, { consumer: undefined })
  await t.rejects(start({ url: broker }).consuming, { code: 'ERR_ADMIN_REFUSED', message: /404/ })
  const { origin } = await serve(t, (_request, response) => response.end('<html>'))
  await t.rejects(start({ url: origin }).consuming, {
    code: 'ERR_ADMIN_REFUSED',
    message: `${origin}/queue/receive answered as another service`,
  })
})
