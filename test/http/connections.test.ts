import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { Connections } from '../../src/http/connections.ts'
import { Refused } from '../../src/http/refused.ts'
import { GET, startServer } from './harness.ts'

t.test('one too many takes the place of the one that was longest waited for', async t => {
  const { open, port } = await startServer(t, { maxConnections: 3 })
  t.type(port, 'number')
  const answered = open(GET)
  await answered.until(/fine/)
  const half = open('GET / HTTP/1.1\r\nHost:')
  const silent = open()
  const good = open(GET)
  await good.until(/fine/)
  await half.closed
  t.equal(half.received(), '', 'the oldest on which nothing was answered')
  const another = open(GET)
  await another.until(/fine/)
  await silent.closed
  const third = open(GET)
  await third.until(/fine/)
  await answered.closed
  t.match(answered.received(), /fine$/, 'then the one that was idle for longest')
  another.socket.write(GET)
  await another.until(/fine.*fine/s)
  const fourth = open(GET)
  await fourth.until(/fine/)
  await good.closed
  another.socket.write(GET)
  await another.until(/fine.*fine.*fine/s)
  t.pass('who was answered last is kept')
})

t.test('half a body is waited for as half a head is', async t => {
  const { open } = await startServer(t, { maxConnections: 1 }, (request, response) => {
    if (request.method === 'GET') response.end('fine')
  })
  const half = open('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab')
  const good = open(GET)
  await good.until(/fine/)
  await half.closed
  t.equal(half.received(), '')
})

t.test('from where a connection came is known when it has broken off, too', async t => {
  const arrived = Promise.withResolvers<void>()
  const address = Promise.withResolvers<string | undefined>()
  const { open } = await startServer(t, {}, ({ socket }) => {
    socket.once('close', () => address.resolve(socket.remoteAddress))
    arrived.resolve()
  })
  const half = open('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab')
  await arrived.promise
  half.socket.resetAndDestroy()
  t.equal(await address.promise, '127.0.0.1')
})

t.test('a connection that was reset before it was taken is left', t => {
  const socket = new Socket()
  new Connections(1, new Refused()).add(socket)
  t.ok(socket.destroyed)
  t.end()
})

t.test('who is being answered is let be, even when there is no room then', async t => {
  const responses: ServerResponse[] = []
  const arrived = Promise.withResolvers<void>()
  const { open } = await startServer(t, { maxConnections: 1 }, (_request, response) => {
    responses.push(response)
    arrived.resolve()
  })
  const waiting = open(GET)
  await arrived.promise
  const refused = open(GET)
  await refused.closed
  t.equal(refused.received(), '')
  responses[0]?.end('fine')
  await waiting.until(/fine/)
  t.equal(responses.length, 1)
})

t.test('closing waits for half a request, but for nobody who says nothing', async t => {
  const { server, open } = await startServer(t)
  const half = open(`${GET}GET / HT`)
  await half.until(/fine/)
  const connected = once(server, 'connection')
  const silent = open()
  await connected
  const closed = once(server.close(), 'close')
  await silent.closed
  half.socket.write('TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await half.until(/fine.*fine/s)
  await closed
})
