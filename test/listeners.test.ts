import { once } from 'node:events'
import type { Socket } from 'node:net'
import { request } from 'undici'
import t, { type Test } from 'tap'
import { pino } from 'pino'
import { loadConfig } from '../src/config.ts'
import { createListeners } from '../src/listeners.ts'
import { GET, open } from './http/harness.ts'

async function start(t: Test) {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const config = await loadConfig(
    { JELOU_PROJECT_ID: 'p', JELOU_SIGNING_SECRET: 's', PUBLIC_URL: 'http://127.0.0.1:1' },
    'no such file',
  )
  const { publicListener, adminListener, refused } = createListeners(config, log)
  t.teardown(() => Promise.all([publicListener.close(), adminListener.close()]))
  return { lines, publicListener, adminListener, refused }
}

t.test('what no route answers is answered in the terms of this service, and not repeated', async t => {
  const { publicListener, adminListener, lines, refused } = await start(t)
  for (const listener of [publicListener, adminListener]) {
    listener.get('/fault', async () => {
      throw new Error('private')
    })
    const url = await listener.listen({ host: '127.0.0.1', port: 0 })
    const bad = await request(`${url}/%zz-secret`)
    t.equal(bad.statusCode, 400)
    const text = await bad.body.text()
    t.match(JSON.parse(text), { statusCode: 400, code: 'ERR_REQUEST_MALFORMED', error: 'Bad Request' })
    t.notMatch(text, 'secret')
    const { port } = new URL(url)
    const chunked = 'POST /%zz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    const half = open(t, Number(port), chunked)
    await half.closed
    t.match(half.received(), /^HTTP\/1\.1 400 .*connection: close/s, 'and its body is not waited for')
    const fault = await request(`${url}/fault`)
    t.match(await fault.body.json(), { statusCode: 500, code: 'ERR_INTERNAL' })
    t.match(lines.pop(), { level: 50, err: { message: 'private' }, msg: 'a request failed' })

    const client = open(t, Number(port), 'secret nonsense\r\n\r\n')
    await client.closed
    t.match(client.received(), /ERR_REQUEST_MALFORMED/)
    const bytes = JSON.stringify([...Buffer.from('secret')]).slice(1, -1)
    t.notMatch(JSON.stringify(lines), bytes, 'Fastify would log the bytes themselves')
  }
  for (const { counts } of [refused.public, refused.private]) t.match(counts, { ERR_REQUEST_MALFORMED: 3 })
})

t.test('no body is read where there is no route', async t => {
  const { publicListener } = await start(t)
  const url = await publicListener.listen({ host: '127.0.0.1', port: 0 })
  for (const type of ['application/json', 'text/plain', 'nonsense']) {
    const answer = await request(`${url}/nowhere`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '{ no JSON',
    })
    const json = await answer.body.json()
    if (type === 'nonsense') t.match(json, { code: 'ERR_CONTENT_TYPE' })
    else t.match(json, { code: 'ERR_NOT_FOUND' }, type)
  }
})

t.test('who ends its side behind its request has the answer, and the connection ends', async t => {
  const { publicListener } = await start(t)
  const connected = once(publicListener.server, 'connection')
  publicListener.get('/', async ({ socket }) => {
    await once(socket, 'end')
    return 'fine'
  })
  const { port } = new URL(await publicListener.listen({ host: '127.0.0.1', port: 0 }))
  const client = open(t, Number(port), GET + GET)
  const [socket] = (await connected) as [Socket]
  client.socket.end()
  await Promise.all([client.closed, once(socket, 'close')])
  t.match(client.received(), /200 OK.*fine.*200 OK.*fine$/s)
})

t.test('what was asked behind a request that is answered while closing is answered too', async t => {
  const { publicListener } = await start(t)
  const both = Promise.withResolvers<void>()
  const closing = Promise.withResolvers<void>()
  let asked = 0
  publicListener.get('/', async () => {
    if (++asked === 2) both.resolve()
    await closing.promise
    return 'fine'
  })
  publicListener.addHook('preClose', async () => closing.resolve())
  const { port } = new URL(await publicListener.listen({ host: '127.0.0.1', port: 0 }))
  const client = open(t, Number(port), GET + GET)
  await both.promise
  await publicListener.close()
  await client.closed
  t.match(client.received(), /200 OK.*keep-alive.*fine.*200 OK.*connection: close.*fine$/is)
})
