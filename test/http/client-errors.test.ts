import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { GET, startServer } from './harness.ts'

const POST = 'POST / HTTP/1.1\r\nHost: x\r\n'
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`
const MALFORMED = /HTTP\/1\.1 400 .*"ERR_REQUEST_MALFORMED"[^]*$/s

function statuses(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)
}

t.test('who asks several things at once has the answers in their order, the refusal last', async t => {
  const responses: ServerResponse[] = []
  const both = Promise.withResolvers<void>()
  const { open } = await startServer(t, {}, (_request, response) => {
    if (responses.push(response) === 2) both.resolve()
  })
  const client = open(`${GET}${GET}nonsense\r\n\r\n${GET}more nonsense\r\n\r\n`)
  await both.promise
  responses[1]?.end('second')
  responses[0]?.end('first')
  await client.closed
  t.match(client.received(), /first.*second.*"ERR_REQUEST_MALFORMED"/s)
  t.strictSame(statuses(client.received()), ['200', '200', '400'])
  t.equal(responses.length, 2, 'what comes behind nonsense is not taken')
})

t.test('a body that breaks the rules is refused, and its handler learns of it', async t => {
  const broken = Promise.withResolvers<Error>()
  const { answer } = await startServer(t, {}, request => {
    request.resume().once('error', broken.resolve)
  })
  t.match(await answer(`${CHUNKED}zz\r\n`), MALFORMED)
  t.match(await broken.promise, { code: 'ECONNRESET' })
})

t.test('what was answered before its body broke gets no second answer', async t => {
  const { open } = await startServer(t)
  const client = open(CHUNKED)
  await client.until(/fine/)
  client.socket.write('zz\r\n')
  await client.closed
  t.strictSame(statuses(client.received()), ['200'])
})

t.test('extensions of chunks are bounded', async t => {
  const { answer } = await startServer(t, {}, request => void request.resume())
  t.match(await answer(`${CHUNKED}1;${'x'.repeat(20_000)}\r\n`), /^HTTP\/1\.1 413 .*"ERR_BODY_TOO_LARGE"/s)
})

t.test('who goes on after being refused is cut', async t => {
  const { open } = await startServer(t)
  const client = open('nonsense\r\n\r\n')
  const more = Buffer.alloc(65_536)
  const write = () => {
    while (client.socket.writable && client.socket.write(more));
  }
  client.socket.on('drain', write)
  // By default a socket ends when the other side does.
  client.socket.allowHalfOpen = true
  write()
  await client.closed
  t.ok(client.socket.bytesWritten < 50_000_000, String(client.socket.bytesWritten))
})

t.test('a connection that breaks off ends its request', async t => {
  const arrived = Promise.withResolvers<IncomingMessage>()
  const { open } = await startServer(t, {}, request => arrived.resolve(request))
  const client = open(`${POST}Content-Length: 5\r\n\r\nab`)
  const request = await arrived.promise
  const broken = new Promise(resolve => request.once('error', resolve))
  client.socket.resetAndDestroy()
  t.match(await broken, { code: 'ECONNRESET' })
})
