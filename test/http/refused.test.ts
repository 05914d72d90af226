import { once } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { GET, startServer } from './harness.ts'

const POST = 'POST / HTTP/1.1\r\nHost: x\r\n'

t.test('what is refused is counted by why, and what is answered is not', async t => {
  const limits = { headersTimeout: 500, requestTimeout: 500, checkInterval: 50 }
  const cases: [bytes: string, status: string, counted: Record<string, number>][] = [
    [`GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, '200', {}],
    ['nonsense\r\n\r\n', '400', { ERR_REQUEST_MALFORMED: 1 }],
    ['GET / HTTP/1.1\r\n\r\n', '400', { ERR_REQUEST_MALFORMED: 1 }],
    ['CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n', '405', { ERR_METHOD_NOT_ALLOWED: 1 }],
    [`${POST}Content-Length: 5\r\n\r\n`, '408', { ERR_REQUEST_TIMEOUT: 1 }],
    [
      `${POST}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n`,
      '413',
      { ERR_BODY_TOO_LARGE: 1 },
    ],
    [`${POST}Expect: more\r\n\r\n`, '417', { ERR_EXPECTATION_FAILED: 1 }],
    [`${POST}A: ${'x'.repeat(20_000)}\r\n\r\n`, '431', { ERR_HEADERS_TOO_LARGE: 1 }],
    ['', '', { silent: 1 }],
  ]
  for (const [bytes, status, counted] of cases) {
    const { answer, refused } = await startServer(t, limits, (request, response) => {
      if (request.method === 'GET') response.end('fine')
      else request.resume()
    })
    const [, answered = ''] = /^HTTP\/1\.1 (\d+)/.exec(await answer(bytes)) ?? []
    t.equal(answered, status, JSON.stringify(bytes.slice(0, 40)))
    t.strictSame(refused(), counted)
  }
})

t.test('a body that breaks behind its answer is not counted', async t => {
  const { open, refused } = await startServer(t)
  const client = open(`${POST}Transfer-Encoding: chunked\r\n\r\n`)
  await client.until(/fine/)
  client.socket.write('zz\r\n')
  await client.closed
  t.strictSame(refused(), {})
})

t.test('who goes away without a word is not counted', async t => {
  const { server, open, refused } = await startServer(t)
  const failed = once(server, 'clientError')
  const client = open()
  await once(server, 'connection')
  client.socket.resetAndDestroy()
  await failed
  t.strictSame(refused(), {})
})

t.test('a connection that gives its place to another is counted, and one that gets none', async t => {
  const { open, refused } = await startServer(t, { maxConnections: 1 }, (_request, response) => {
    response.write('begin')
  })
  const silent = open()
  const good = open(GET)
  await silent.closed
  await good.until(/begin/)
  t.strictSame(refused(), { crowded: 1 })
  await open(GET).closed
  t.strictSame(refused(), { crowded: 2 })
})

t.test('who does not read is counted, who is idle is not', async t => {
  const limits = { inactivityTimeout: 500, keepAliveTimeout: 100, keepAliveTimeoutBuffer: 0 }
  const { server, open, answer, refused } = await startServer(t, limits, (request, response) => {
    // More than the system takes for a client that does not read.
    response.end(request.url === '/' ? 'fine' : Buffer.alloc(50_000_000))
  })
  t.match(await answer(GET), /fine$/)
  t.strictSame(refused(), {})
  const connected = once(server, 'connection')
  open(GET.replace('/', '/much')).socket.pause()
  const [connection] = (await connected) as [Socket]
  await once(connection, 'close')
  t.strictSame(refused(), { unread: 1 })
})
