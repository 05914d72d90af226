import t from 'tap'
import { GET, startServer } from './harness.ts'

const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n'
const TIMEOUT = /^HTTP\/1\.1 408 .*^connection: close.*"ERR_REQUEST_TIMEOUT"/ims

t.test('half a request is answered and cut when the rest takes too long', async t => {
  const { answer } = await startServer(
    t,
    { headersTimeout: 50, requestTimeout: 100, checkInterval: 10 },
    (request, response) => request.resume().once('end', () => response.end('fine')),
  )
  for (const half of ['GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\n', POST, `${POST}abcd`])
    t.match(await answer(half), TIMEOUT, JSON.stringify(half))
  t.match(await answer(`${GET}GET / HT`), /^HTTP\/1\.1 200 .*fineHTTP\/1\.1 408 /s, 'on a connection in use')
})

t.test('who says nothing is cut without an answer', async t => {
  const { answer } = await startServer(t, { headersTimeout: 50, requestTimeout: 100, checkInterval: 10 })
  t.equal(await answer(''), '')
})

t.test('an idle connection is closed, and one on which nothing moves', async t => {
  const idle = await startServer(t, { keepAliveTimeout: 50 })
  t.match(await idle.answer(GET), /fine$/)
  let rest: (() => void) | undefined
  const slow = await startServer(t, { inactivityTimeout: 50 }, (_request, response) => {
    // More than the system takes for a client that does not read.
    response.write(Buffer.alloc(50_000_000))
    response.once('close', () => rest?.())
  })
  const cut = new Promise<void>(resolve => (rest = resolve))
  const reader = slow.open()
  reader.socket.pause()
  reader.socket.write(GET)
  await cut
  t.pass('who does not read its answer is cut')
})

t.test('an answer may take longer than a request', async t => {
  const { open } = await startServer(
    t,
    { headersTimeout: 20, requestTimeout: 40, checkInterval: 5 },
    (_request, response) => {
      response.write('begin ')
      setTimeout(() => response.end('end'), 200)
    },
  )
  const client = open(GET)
  await client.until(/begin.*end/s)
  t.pass()
})
