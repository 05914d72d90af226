import { once } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { freeze } from '../fixtures/freeze.ts'
import { GET, startServer, type Client } from './harness.ts'

const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n'
const TIMEOUT = /^HTTP\/1\.1 408 .*^connection: close.*"ERR_REQUEST_TIMEOUT"/ims
/** Long enough for a busy machine to read in time what is sent at once. */
const TIMES = { headersTimeout: 1_000, requestTimeout: 1_500, checkInterval: 50 }

t.test('half a request is answered and cut when the rest takes too long', async t => {
  const { answer } = await startServer(t, TIMES, (request, response) =>
    request.resume().once('end', () => response.end('fine')),
  )
  const halves = ['GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\n', POST, `${POST}abcd`]
  const answers = await Promise.all([...halves, `${GET}GET / HT`, ''].map(answer))
  for (const half of halves) t.match(answers.shift(), TIMEOUT, JSON.stringify(half))
  t.match(answers.shift(), /^HTTP\/1\.1 200 .*fineHTTP\/1\.1 408 /s, 'on a connection in use')
  t.strictSame(answers, [''], 'who says nothing is cut without an answer')
})

t.test('an idle connection is closed', async t => {
  const { answer } = await startServer(t, { keepAliveTimeout: 100, keepAliveTimeoutBuffer: 0 })
  t.match(await answer(GET), /fine$/)
})

t.test(
  'a proxy closes a connection before this service does, so that none is closed under a request',
  async t => {
    const { server, open } = await startServer(t)
    const connected = once(server, 'connection')
    const client = open(GET)
    const [socket] = (await connected) as [Socket]
    await client.until(/fine/)
    t.match(client.received(), /^Keep-Alive: timeout=75\r$/m)
    const kept = { nginx: 60, 'AWS ALB': 60, Traefik: 90, Caddy: 120, 'Google Cloud': 600, Envoy: 3_600 }
    for (const [proxy, seconds] of Object.entries(kept)) t.ok(Number(socket.timeout) > seconds * 1_000, proxy)
  },
)

t.test('who does not read its answer is cut', async t => {
  const { server, open } = await startServer(t, { inactivityTimeout: 1_000 }, (_request, response) => {
    // More than the system takes for a client that does not read.
    response.end(Buffer.alloc(50_000_000))
  })
  const connected = once(server, 'connection')
  const { socket } = open(GET)
  socket.pause()
  const [connection] = (await connected) as [Socket]
  await once(connection, 'close')
  t.ok(socket.bytesRead < 50_000_000)
})

t.test('an answer may take longer than a request', async t => {
  const { open } = await startServer(t, TIMES, (_request, response) => {
    response.write('begin ')
    setTimeout(() => response.end('end'), 2_000)
  })
  const client = open(GET)
  await client.until(/begin.*end/s)
  t.pass()
})

t.test('what came while the process was stopped is read before anybody is said to be late', async t => {
  const limit = 2_000
  const limits = {
    headersTimeout: limit,
    requestTimeout: limit,
    checkInterval: 50,
    keepAliveTimeout: limit,
    keepAliveTimeoutBuffer: 0,
  }
  const { server, open, refused } = await startServer(t, limits, (request, response) =>
    request.resume().once('end', () => response.end('fine')),
  )
  const clients: [client: Client, rest: string, answer: RegExp][] = []
  for (const [before, rest, answer] of [
    ['', GET, /^HTTP\/1\.1 200 .*fine$/s],
    [GET, GET, /fine.*200 .*fine$/s],
    [`${GET}GET / HT`, GET.slice('GET / HT'.length), /fine.*200 .*fine$/s],
    [`${GET}${POST}ab`, 'cde', /fine.*200 .*fine$/s],
    // It began only now.
    ['', 'GET / HT', TIMEOUT],
    [`${GET}GET / HT`, 'TP', /fine.* 408 /s],
    [`${GET}${POST}ab`, 'c', /fine.* 408 /s],
  ] as const) {
    const connected = once(server, 'connection')
    const client = open(before)
    await connected
    if (before !== '') await client.until(/fine/)
    clients.push([client, rest, answer])
  }
  for (const [client, rest] of clients) client.socket.write(rest)
  freeze(limit + 100)
  for (const [client, , answer] of clients) await client.until(answer)
  t.strictSame(refused(), { ERR_REQUEST_TIMEOUT: 3 })
})
