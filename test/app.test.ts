import t from 'tap'
import { request } from 'undici'
import { createSimulator } from '../src/simulator/simulator.ts'
import { get, start, until } from './app-harness.ts'
import { freePort } from './brokers/server.ts'
import { open } from './http/harness.ts'

t.test('it registers, receives, and tells its status', async t => {
  const { app, jelou, adminUrl, publicUrl } = await start(t)
  await until(() => app.registrar.accepted() !== null)
  t.equal(
    jelou.integration?.webhookUrl,
    `${publicUrl}/behind/a/proxy/webhook/jelou`,
    'port 0 is the port it got',
  )
  Object.assign(jelou.integration ?? {}, { webhookUrl: `${publicUrl}/webhook/jelou` })

  t.match(await jelou.send(jelou.event('text')), { status: 200 })
  t.match(await jelou.send(jelou.event('text'), { signature: 'forged' }), { status: 401 })
  t.same(await get(`${publicUrl}/readyz`), {
    status: 200,
    body: { status: 'ready', checks: { secret: 'ok', queue: 'ok', draining: 'ok' } },
  })
  t.match(await get(`${adminUrl}/status`), {
    status: 200,
    body: {
      status: 'ready',
      uptimeSeconds: Number,
      registration: { phase: 'registered', authType: 'bearer', secretAgeSeconds: Number, lastError: null },
      queue: { driver: 'sqlite', waiting: 1 },
      events: { accepted: 1, duplicate: 0, refused: { ERR_SIGNATURE_INVALID: 1 } },
    },
  })
  t.match(await get(`${adminUrl}/rejected`), { body: { rejected: [{ check: 'ERR_SIGNATURE_INVALID' }] } })
  t.match(await get(`${adminUrl}/queue/stats`), { status: 200, body: { waiting: 1, leased: 0, dead: 0 } })
  const page = await (await request(adminUrl)).body.text()
  for (const words of ['Ready: events are taken', 'Registered with Jelou', 'ERR_SIGNATURE_INVALID'])
    t.match(page, words)
  const metrics = await (await request(`${adminUrl}/metrics`)).body.text()
  t.match(metrics, 'jelou_receiver_events_total{outcome="accepted"} 1')
  t.match(metrics, 'jelou_receiver_refused_total{check="ERR_SIGNATURE_INVALID"} 1')
  t.match(metrics, 'jelou_receiver_reconciles_total{outcome="created"} 1')
  t.match(metrics, 'jelou_receiver_registration_phase{phase="registered"} 1')
  t.match(metrics, /jelou_receiver_secret_age_seconds \d/)
  t.match(metrics, 'jelou_receiver_queue_events{state="waiting"} 1')
})

t.test('a queue that cannot take an event makes it not ready', async t => {
  const { app, adminUrl, publicUrl } = await start(t, { JELOU_API_KEY: '', JELOU_SIGNING_SECRET: 's' })
  await app.queue.close()
  t.match(await get(`${publicUrl}/readyz`), {
    status: 503,
    body: { checks: { secret: 'ok', queue: /closed/ } },
  })
  t.match(await get(`${adminUrl}/status`), { status: 200, body: { queue: { driver: 'sqlite' } } })
})

t.test('while the broker is away, events are taken and the status says where they are', async t => {
  const { app, jelou, adminUrl, publicUrl } = await start(t, {
    PUBLIC_URL: 'http://127.0.0.1:0',
    QUEUE_URL: `redis://127.0.0.1:${await freePort()}`,
    SHUTDOWN_TIMEOUT: '2s',
  })
  await until(() => app.registrar.accepted() !== null)
  t.match(await jelou.send(jelou.event('text')), { status: 200 })
  t.match(await get(`${publicUrl}/readyz`), { status: 200, body: { checks: { queue: 'ok' } } })
  t.match(await get(`${adminUrl}/status`), {
    body: { queue: { driver: 'redis', breaker: 'open', reason: String, spooled: 1, waiting: 1 } },
  })
  t.match(await get(`${adminUrl}/queue/dead`), { status: 200, body: { dead: [] } })
  t.equal((await request(`${adminUrl}/queue/receive`, { method: 'POST' })).statusCode, 404)
})

t.test('the secret is rotated on demand', async t => {
  const { app, jelou, adminUrl } = await start(t, { PUBLIC_URL: 'http://127.0.0.1:0' })
  await until(() => app.registrar.accepted() !== null)
  const before = jelou.integration?.signingSecret
  const answer = await request(`${adminUrl}/registration/rotate`, { method: 'POST' })
  t.same(await answer.body.json(), { outcome: 'rotated' })
  t.not(jelou.integration?.signingSecret, before)
  t.match(await jelou.send(jelou.event('text')), { status: 200 })
})

t.test('a test event goes in by either way, and what is unregistered stays so', async t => {
  const { app, jelou, adminUrl, publicUrl } = await start(t, { PUBLIC_URL: 'http://127.0.0.1:0' })
  await until(() => app.registrar.accepted() !== null)
  for (const way of ['loopback', 'public']) {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ way })
    const answer = await request(`${adminUrl}/test-event`, { method: 'POST', headers, body })
    const url = `${publicUrl}/webhook/jelou`
    t.match(await answer.body.json(), { url, statusCode: 200, answer: 'accepted', problem: null }, way)
  }
  const answer = await request(`${adminUrl}/registration/unregister`, { method: 'POST' })
  t.same(await answer.body.json(), { outcome: 'unregistered' })
  t.equal(jelou.integration, undefined)
})

t.test('a test event that its own service may not take says so', async t => {
  const { app, adminUrl } = await start(t, { ALLOWED_SOURCES: '192.0.2.1', TRUST_PROXY: '127.0.0.1' })
  await until(() => app.registrar.accepted() !== null)
  const answer = await request(`${adminUrl}/test-event`, { method: 'POST' })
  t.match(await answer.body.json(), {
    statusCode: 403,
    problem: /^ALLOWED_SOURCES does not hold the loopback/,
  })
})

t.test('the public listener has nothing but the webhook and health', async t => {
  const { publicUrl } = await start(t)
  for (const path of ['/', '/status', '/metrics', '/rejected', '/queue/stats', '/webhook/jelou']) {
    t.match(await get(publicUrl + path), { status: 404, body: { code: 'ERR_NOT_FOUND' } }, path)
  }
})

t.test('without a secret it is not ready and says so', async t => {
  const { fatal, adminUrl, publicUrl, jelou } = await start(t, { JELOU_API_KEY: 'wrong' })
  await until(() => fatal.length > 0)
  t.match(fatal, [{ code: 'ERR_REGISTRATION_REJECTED' }])
  t.match(await get(`${publicUrl}/readyz`), {
    status: 503,
    body: { checks: { secret: /^no signing secret/ } },
  })
  t.match(await get(`${adminUrl}/status`), {
    body: { status: 'not ready', registration: { secretAgeSeconds: null } },
  })
  t.notMatch(await (await request(`${adminUrl}/metrics`)).body.text(), /secret_age_seconds \d/)
  t.equal(jelou.integration, undefined)
})

t.test('configured secrets register nothing', async t => {
  const { publicUrl, jelou } = await start(t, { JELOU_API_KEY: '', JELOU_SIGNING_SECRET: 'one,two' })
  t.equal((await get(`${publicUrl}/readyz`)).status, 200)
  t.equal(jelou.calls.length, 0)
})

t.test('client credentials are the other way to register', async t => {
  const { clientId, clientSecret } = createSimulator().callers
  const { app, jelou } = await start(t, {
    JELOU_API_KEY: '',
    JELOU_CLIENT_ID: clientId,
    JELOU_CLIENT_SECRET: clientSecret,
    WEBHOOK_AUTH_TYPE: 'basic',
    WEBHOOK_AUTHORIZATION: 'user:password',
  })
  await until(() => app.registrar.accepted() !== null)
  t.match(jelou.integration, { authType: 'basic', authorization: 'user:password' })
})

const sources: [NodeJS.ProcessEnv, number][] = [
  [{}, 403],
  [{ TRUST_PROXY: '1' }, 401],
  [{ TRUST_PROXY: '127.0.0.1' }, 401],
  [{ TRUST_PROXY: '192.0.2.9' }, 403],
]

for (const [environment, status] of sources) {
  t.test(`who may call is what a trusted proxy says: ${JSON.stringify(environment)}`, async t => {
    const fixed = { JELOU_SIGNING_SECRET: 's', JELOU_API_KEY: '', ALLOWED_SOURCES: '203.0.113.0/24' }
    const { publicUrl } = await start(t, { ...fixed, ...environment })
    for (const forwarded of ['198.51.100.1, 203.0.113.7', '198.51.100.1:4567, 203.0.113.7:4567']) {
      const headers = { 'x-forwarded-for': forwarded }
      const answer = await request(`${publicUrl}/webhook/jelou`, { method: 'POST', headers, body: '{}' })
      t.equal(answer.statusCode, status, forwarded)
      await answer.body.dump()
    }
  })
}

t.test('nobody is told to send a body that is declared too large', async t => {
  const environment = {
    JELOU_API_KEY: '',
    JELOU_SIGNING_SECRET: 's',
    WEBHOOK_AUTH_TYPE: 'no_auth',
    BODY_LIMIT: '1kb',
  }
  const { publicUrl } = await start(t, environment)
  for (const [length, answer] of [
    [1_024, /^HTTP\/1\.1 100 /],
    [1_025, /^HTTP\/1\.1 413 .*"ERR_BODY_TOO_LARGE"/s],
  ] as const) {
    const head = [
      'POST /webhook/jelou HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Expect: 100-continue',
    ]
    const client = open(
      t,
      Number(new URL(publicUrl).port),
      [...head, `Content-Length: ${length}`, '', ''].join('\r\n'),
    )
    await client.until(answer)
  }
})
