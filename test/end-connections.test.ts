import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { endConnectionsOnClose } from '../src/end-connections.ts'

/** A listener whose one route answers when it is told to. */
async function start(t: Test, grace: number) {
  const app = fastify({ return503OnClosing: false })
  const arrived = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<string>()
  const end = endConnectionsOnClose(app, grace)
  app.get('/', () => {
    arrived.resolve()
    return answer.promise
  })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => {
    socket.destroy()
    return app.close()
  })
  return { app, socket, end, arrived: arrived.promise, answer: answer.resolve }
}

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

t.test('a connection that is answered while closing is told to end', async t => {
  const { app, socket, arrived, answer } = await start(t, 3_600_000)
  socket.write(REQUEST)
  await arrived
  const closed = app.close()
  await sleep(50)
  answer('the answer')
  t.match(await text(socket), /connection: close\r\n.*the answer$/is)
  await closed
})

t.test('an idle connection may ask once more, and is told to end', async t => {
  for (const begin of ['app', 'end'] as const) {
    const { app, socket, end, answer } = await start(t, 3_600_000)
    answer('the answer')
    socket.write(REQUEST)
    await once(socket, 'data')
    const closed = begin === 'app' ? app.close() : end()
    socket.write(REQUEST)
    t.match(await text(socket), /connection: close\r\n.*the answer$/is)
    await closed
    await app.close()
  }
})

t.test('one that asks nothing more does not hold it up', async t => {
  const { app, socket, answer } = await start(t, 3_600_000)
  answer('the answer')
  socket.write(REQUEST)
  await once(socket, 'data')
  await app.close()
  t.pass()
})

t.test('before that it is kept', async t => {
  const { app, socket, answer } = await start(t, 3_600_000)
  socket.write(REQUEST)
  answer('the answer')
  const [head] = await once(socket, 'data')
  t.match(String(head), /connection: keep-alive/i)
  await app.close()
})

t.test('what is still open after the grace is cut', async t => {
  for (const begun of ['', 'GET / HTTP/1.1\r\nhost:', REQUEST]) {
    const { app, socket } = await start(t, 100)
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(begun)
    await sleep(50)
    socket.resume()
    await Promise.all([app.close(), once(socket, 'close')])
    t.pass(JSON.stringify(begun))
  }
})
