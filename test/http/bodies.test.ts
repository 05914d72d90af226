import { once } from 'node:events'
import type { Socket } from 'node:net'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { readOnlyWhatIsWanted } from '../../src/http/bodies.ts'
import { createHttpServer, HTTP_LIMITS } from '../../src/http/server.ts'
import { open } from './harness.ts'

const refuse = async (_request: FastifyRequest, reply: FastifyReply) => reply.code(401).send('no')

/** `POST /` reads what comes, `POST /no` refuses it by its headers. */
async function start(t: Test) {
  const app = fastify({ serverFactory: handler => createHttpServer(HTTP_LIMITS, handler) })
  app.removeAllContentTypeParsers()
  readOnlyWhatIsWanted(app)
  let read = 0
  await app.register(async routes => {
    routes.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    routes.post('/', async ({ body }) => {
      read++
      return { length: String(body).length }
    })
    routes.post('/no', { onRequest: refuse }, async () => {
      throw new Error('not refused')
    })
  })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(() => app.close())
  return { app, reads: () => read, open: (bytes?: string) => open(t, Number(port), bytes) }
}

function head(path: string, ...headers: string[]): string {
  return [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: a/b', ...headers, '', ''].join('\r\n')
}

t.test('who waits to be told so sends its body only when nothing was refused', async t => {
  const { open } = await start(t)
  const expect = ['Content-Length: 5', 'Expect: 100-continue']
  const good = open(head('/', ...expect))
  await good.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  good.socket.write('12345')
  await good.until(/200 OK.*"length":5/s)
  good.socket.write(head('/', 'Content-Length: 2'))
  good.socket.write('12')
  await good.until(/"length":2/)
  for (const path of ['/no', '/nowhere']) {
    const refused = open(head(path, ...expect))
    await refused.closed
    t.match(refused.received(), /^HTTP\/1\.1 40[14] .*connection: close/s, path)
    t.notMatch(refused.received(), /100/)
  }
})

t.test('nobody is told to send a body before its turn, amid another answer', async t => {
  const { open } = await start(t)
  const first = `${head('/', 'Content-Length: 2')}12`
  const second = `${head('/', 'Content-Length: 3', 'Expect: 100-continue')}123`
  const third = 'GET /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n'
  const client = open(first + second + third)
  await client.closed
  const [, heads = ''] = /^(.*)HTTP\/1\.1 404 /s.exec(client.received()) ?? []
  t.match(
    heads,
    /^HTTP\/1\.1 200 .*\r\n\r\n\{"length":2\}HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*\r\n\r\n\{"length":3\}$/s,
  )
  t.notMatch(client.received().slice(heads.length), /100 /, 'not who has no body')
})

t.test('a short body that is not wanted is passed over, and the connection goes on', async t => {
  const { open } = await start(t)
  const client = open(`${head('/no', 'Content-Length: 5')}12345${head('/', 'Content-Length: 2')}12`)
  await client.until(/401 Unauthorized.*"length":2/s)
  t.notMatch(client.received(), /connection: close/i)
})

t.test('the connection of a long one ends, without reading all of it', async t => {
  const { open, reads } = await start(t)
  const size = 200_000_000
  const client = open(head('/no', `Content-Length: ${size}`))
  client.socket.allowHalfOpen = true
  const piece = Buffer.alloc(65_536)
  const write = () => {
    while (client.socket.writable && client.socket.bytesWritten < size && client.socket.write(piece));
  }
  client.socket.on('drain', write)
  write()
  await client.closed
  t.ok(client.socket.bytesWritten < size / 2, String(client.socket.bytesWritten))
  t.equal(reads(), 0)
})

t.test('who sent all of it has the answer, and what stands behind it is not taken', async t => {
  const { open, reads } = await start(t)
  const chunked = `${head('/no', 'Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`
  for (const request of [chunked, `${head('/no', 'Content-Length: 70000')}${'x'.repeat(70_000)}`]) {
    const client = open(request + `${head('/', 'Content-Length: 2')}12`)
    await client.closed
    t.match(client.received(), /^HTTP\/1\.1 401 .*connection: close.*no$/is)
  }
  t.equal(reads(), 0)
})

t.test('who sends nothing more is not waited for', async t => {
  const { app, open } = await start(t)
  const connected = once(app.server, 'connection')
  const client = open(head('/no', 'Content-Length: 70000'))
  client.socket.allowHalfOpen = true
  const [socket] = (await connected) as [Socket]
  await client.until(/^HTTP\/1\.1 401 /)
  await once(socket, 'close')
  t.notOk(client.socket.destroyed, 'though the client would go on')
})

t.test('requests that came by no connection, as in tests of routes, are answered too', async t => {
  const { app } = await start(t)
  const headers = { 'content-type': 'a/b', 'transfer-encoding': 'chunked' }
  t.match(await app.inject({ method: 'POST', url: '/no', headers, payload: 'x' }), { statusCode: 401 })
})
