import { once } from 'node:events'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { call, receiveAll, signed } from './http.ts'
import { start, startReady, stop, variables, type Service, type Variables } from './service.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

const SECRET = markedSecret()
const TOKEN = markedSecret()

t.setTimeout(180_000)

function setUp(t: Test, more: Record<string, string> = {}): Variables {
  return variables(testDirectory(t), { JELOU_SIGNING_SECRET: SECRET, WEBHOOK_AUTHORIZATION: TOKEN, ...more })
}

function send({ webhookUrl }: Service, body: string) {
  return call(webhookUrl, { method: 'POST', headers: signed(body, SECRET, TOKEN), body })
}

/** What is in the queue after the next start. */
async function dataAfterRestart(t: Test, environment: Variables): Promise<unknown[]> {
  const service = await start(t, environment)
  const received = await receiveAll(service.adminUrl)
  t.equal(await stop(service), 0)
  return received.map(({ event }) => event['data'])
}

/** A request whose headers the service has, while its body is still to come; its client would keep the connection for ever. */
async function begin(t: Test, url: string, headers: Record<string, string>): Promise<ClientRequest> {
  const agent = new Agent({ keepAlive: true, timeout: 0 })
  t.teardown(() => agent.destroy())
  const begun = request(url, { method: 'POST', headers: { ...headers, expect: '100-continue' }, agent })
  begun.flushHeaders()
  await once(begun, 'continue')
  return begun
}

/** Resolves once nobody can connect any more. */
async function closed({ publicUrl }: Service): Promise<void> {
  const isUp = () =>
    call(`${publicUrl}/healthz`).then(
      () => true,
      () => false,
    )
  while (await isUp()) await sleep(10)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: not ready at once, takes events for SHUTDOWN_DELAY, then ends with 0`, async t => {
    const environment = setUp(t, { SHUTDOWN_DELAY: '5s' })
    const service = await start(t, environment)
    t.equal((await send(service, '{"event":"before"}')).status, 200)
    t.equal((await call(`${service.publicUrl}/readyz`)).status, 200)
    service.signal(signal)
    await service.logged('shutting down')
    const probe = await call(`${service.publicUrl}/readyz`)
    t.equal(probe.status, 503)
    t.match(JSON.parse(probe.text), { checks: { draining: 'shutting down', secret: 'ok', queue: 'ok' } })
    t.equal((await call(`${service.publicUrl}/healthz`)).status, 200)
    t.equal((await send(service, '{"event":"during"}')).status, 200)
    t.equal(await service.exited, 0)
    await service.logged('shut down')
    t.strictSame(await dataAfterRestart(t, environment), [{ event: 'before' }, { event: 'during' }])
  })
}

t.test('a second signal ends it with 1, and what was acknowledged is there', async t => {
  const environment = setUp(t, { SHUTDOWN_DELAY: '1h' })
  const service = await start(t, environment)
  service.signal('SIGTERM')
  await service.logged('shutting down')
  t.equal((await send(service, '{"event":"during"}')).status, 200)
  t.equal(await stop(service), 1)
  t.strictSame(await dataAfterRestart(t, { ...environment, SHUTDOWN_DELAY: '0s' }), [{ event: 'during' }])
})

t.test('a request under way is finished and answered, and nobody can connect any more', async t => {
  // Far more than a test may take: nothing but the answers can let it end.
  const environment = setUp(t, { SHUTDOWN_TIMEOUT: '1h' })
  const service = await start(t, environment)
  const begun = await begin(t, service.webhookUrl, signed('{"event":"slow"}', SECRET, TOKEN))
  service.signal('SIGTERM')
  await closed(service)
  begun.end('{"event":"slow"}')
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  t.equal(response.statusCode, 200)
  t.equal(response.headers.connection, 'close')
  t.match(JSON.parse(await text(response)), { status: 'accepted' })
  t.equal(await service.exited, 0)
  t.strictSame(await dataAfterRestart(t, environment), [{ event: 'slow' }])
})

t.test('a consumer that waits is answered, and its connection does not hold up the end', async t => {
  const service = await start(t, setUp(t, { SHUTDOWN_TIMEOUT: '1h' }))
  const json = { 'content-type': 'application/json' }
  const waiting = await begin(t, `${service.adminUrl}/queue/receive`, json)
  waiting.end('{"wait":"60s"}')
  const answered = once(waiting, 'response')
  service.signal('SIGTERM')
  const [response] = (await answered) as [IncomingMessage]
  t.equal(response.headers.connection, 'close')
  t.equal(await text(response), '{"messages":[]}')
  t.equal(await service.exited, 0)
})

t.test('a request that is never finished is cut, so that the rest can end well', async t => {
  const environment = setUp(t, { SHUTDOWN_TIMEOUT: '8s' })
  const service = await start(t, environment)
  const begun = await begin(t, service.webhookUrl, signed('{"event":"never"}', SECRET, TOKEN))
  const cut = t.rejects(once(begun, 'response'), { code: 'ECONNRESET' })
  t.equal(await stop(service), 0)
  await cut
  t.strictSame(await dataAfterRestart(t, environment), [])
})

t.test('a drain that takes longer than SHUTDOWN_TIMEOUT ends with 1', async t => {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const environment = variables(testDirectory(t), {
    JELOU_API_URL: await jelou.listen(),
    JELOU_API_KEY: jelou.callers.apiKey,
    SHUTDOWN_TIMEOUT: '500ms',
  })
  t.equal(await stop(await startReady(t, { ...environment, SHUTDOWN_TIMEOUT: '25s' })), 0)

  // Draining waits for a call to Jelou, whose answer may hold a secret.
  const called = Promise.withResolvers<void>()
  jelou.hooks.onRequest = () => called.resolve()
  jelou.faults.add({ method: 'GET', delay: 60_000 })
  const service = await start(t, environment)
  await called.promise
  t.equal(await stop(service), 1)
  t.match(service.output(), 'killed by timeout (500ms)')
  t.notMatch(service.output(), 'shut down"')
})

const faults = {
  'an uncaught exception': `throw new Error('provoked')`,
  'an unhandled rejection': `Promise.reject(new Error('provoked'))`,
}

for (const [name, statement] of Object.entries(faults)) {
  t.test(`${name} is logged, drained and ends with 1`, async t => {
    const environment = setUp(t)
    const fault = `data:text/javascript,process.once('SIGWINCH', () => { ${statement} })`
    const service = await start(t, environment, ['--import', fault])
    t.equal((await send(service, '{"event":"before"}')).status, 200)
    service.signal('SIGWINCH')
    t.equal(await service.exited, 1)
    t.match(await service.logged('uncaught error'), { level: 60, err: { message: 'provoked' } })
    await service.logged('shutting down')
    t.strictSame(await dataAfterRestart(t, environment), [{ event: 'before' }])
  })
}
