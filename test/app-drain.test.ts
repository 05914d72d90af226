import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { request } from 'undici'
import { get, start, until } from './app-harness.ts'

t.test('a slow answer of Jelou does not keep the queue from closing', async t => {
  const { app, jelou } = await start(t)
  await until(() => app.registrar.status().lastOutcome === 'created')
  jelou.faults.add({ method: 'GET', times: 1, delay: 3000 })
  let answered = false
  const pass = app.registrar.reconcile().finally(() => (answered = true))
  await until(() => jelou.faults.list().length === 0)
  const draining = app.drain()
  await until(() => !app.queue.health().ok)
  t.notOk(answered)
  await draining
  t.match(await pass, { kind: 'unchanged' })
})

t.test('while it drains it is not ready, then refuses, and ends what waits', async t => {
  const { app, adminUrl, publicUrl } = await start(t, { SHUTDOWN_DELAY: '300ms' })
  await until(() => app.registrar.accepted() !== null)
  const waiting = request(`${adminUrl}/queue/receive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"wait":"60s"}',
  })
  const draining = app.drain()
  t.match(await get(`${publicUrl}/readyz`), { status: 503, body: { checks: { draining: 'shutting down' } } })
  await draining
  t.same(await (await waiting).body.json(), { messages: [] })
  t.match(app.queue.health(), { ok: false })
  await t.rejects(request(`${publicUrl}/healthz`), { code: 'ECONNREFUSED' })
})

t.test('a request that comes to the private listener while it closes is answered as any other', async t => {
  const { app, adminUrl } = await start(t)
  const { hostname, port } = new URL(adminUrl)
  const socket = connect(Number(port), hostname)
  await once(app.admin.server, 'connection')
  const draining = app.drain()
  await until(() => !app.admin.server.listening)
  socket.write('GET /nowhere HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  t.match(await text(socket), /^HTTP\/1.1 404 .*connection: close.*"code":"ERR_NOT_FOUND"/s)
  await draining
})

t.test('while it drains nothing new is begun at Jelou', async t => {
  const { app, jelou } = await start(t, { SHUTDOWN_DELAY: '300ms' })
  await until(() => app.registrar.status().lastOutcome === 'created')
  jelou.integrations.clear()
  jelou.calls.length = 0
  const draining = app.drain()
  await app.registrar.reconcile()
  t.same(jelou.calls, [])
  await draining
})

t.test('a request that is never sent to its end does not hold up the end', async t => {
  const { app, publicUrl } = await start(t, { SHUTDOWN_TIMEOUT: '500ms' })
  const { hostname, port } = new URL(publicUrl)
  const socket = connect(Number(port), hostname)
  socket.write('POST /webhook/jelou HTTP/1.1\r\nhost: x\r\n')
  await once(app.public.server, 'connection')
  const cut = once(socket, 'close')
  await app.drain()
  await cut
})
