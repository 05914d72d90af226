import t from 'tap'
import { simulated, WEBHOOK } from '../fixtures/simulated.ts'

const NOW = Date.UTC(2026, 0, 15, 10, 30)
const created = { webhookUrl: WEBHOOK, authType: 'bearer', authorization: 'token-1234' }
const visible = {
  id: /^[0-9a-f-]{36}$/,
  brainId: 'PROJECT_ID',
  webhookUrl: WEBHOOK,
  authType: 'bearer',
  createdAt: '2026-01-15T10:30:00.000Z',
}

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
const problem = (field: string) => ({ message: [String], validationError: { [field]: [String] } })

for (const shape of ['plain', 'wrapped'] as const) {
  void t.test(`the life of an integration, ${shape}`, async t => {
    const { simulator, call } = await simulated(t, { shape, now: () => NOW })
    const shaped = (data: object) =>
      shape === 'plain' ? data : { message: [String], statusMessage: 'success', status: 1, data }
    const dataOf = (json: Record<string, unknown>) => Object(shape === 'plain' ? json : json['data'])

    t.match(await call('GET'), {
      status: 404,
      json: { message: [String], statusMessage: 'failed', error: {} },
    })
    t.match(await call('PATCH', {}), { status: 404 })
    t.match(await call('DELETE'), { status: 404 })

    const create = await call('POST', created)
    t.match(create, { status: 200, json: shaped({ ...visible, signingSecret: /^[0-9a-f]{64}$/ }) })
    const secret = dataOf(create.json).signingSecret
    t.match(simulator.integration, { ...visible, ...created, signingSecret: secret })
    t.equal(simulator.integrations.get('PROJECT_ID'), simulator.integration)

    const read = await call('GET')
    t.match(read, { status: 200, json: shaped(visible) })
    const update = await call('PATCH', { authType: 'basic', authorization: 'user:pass-1234' })
    t.match(update, { status: 200, json: shaped({ ...visible, authType: 'basic' }) })
    t.match(simulator.integration, {
      authorization: 'user:pass-1234',
      webhookUrl: WEBHOOK,
      signingSecret: secret,
    })
    for (const { text } of [read, update]) t.notMatch(text, /signingSecret|authorization|1234/)
    t.notMatch(create.text, /authorization|1234/)

    t.match(await call('DELETE'), { status: 200, json: shaped({}) })
    t.equal(simulator.integration, undefined)
    t.match(await call('POST', { webhookUrl: WEBHOOK }), { status: 200 })
    t.match(simulator.integration, { authType: 'no_auth' })
    t.not(simulator.integration?.signingSecret, secret, 'a new create gives a new secret')
  })
}

void t.test('who may call, under which paths', async t => {
  const { call } = await simulated(t, { projectId: 'p1', apiKey: 'k', clientId: 'me', clientSecret: 's' })
  const cases: [headers: Record<string, string>, status: number][] = [
    [{ 'x-api-key': 'k' }, 404],
    [{ 'x-api-key': '', authorization: basic('me:s') }, 404],
    [{ 'x-api-key': 'K' }, 401],
    [{ 'x-api-key': '' }, 401],
    [{ 'x-api-key': '', authorization: basic('me:S') }, 401],
    [{ 'x-api-key': '', authorization: 'Bearer k' }, 401],
  ]
  for (const base of ['/jelouapi/v1', '/platform/v1']) {
    const path = `${base}/external-support/p1`
    for (const [headers, status] of cases) {
      t.equal((await call('GET', undefined, { path, headers })).status, status, JSON.stringify(headers))
    }
    t.equal((await call('POST', created, { path, headers: { 'x-api-key': 'no' } })).status, 401)
    const other = { path: `${base}/external-support/p2` }
    t.match(await call('POST', created, other), { status: 404, json: { message: 'Project not found' } })
  }
})

void t.test('both paths are one integration', async t => {
  const { call } = await simulated(t)
  const path = '/platform/v1/external-support/PROJECT_ID'
  await call('POST', created)
  t.match(await call('GET', undefined, { path }), { status: 200, json: { webhookUrl: WEBHOOK } })
})

void t.test('fields that are not valid', async t => {
  const { simulator, call } = await simulated(t)
  const wrong: [field: string, body: Record<string, unknown>][] = [
    ['webhookUrl', { webhookUrl: 'http://example.com/' }],
    ['webhookUrl', { webhookUrl: 'ftp://localhost/' }],
    ['webhookUrl', { webhookUrl: 'example.com' }],
    ['webhookUrl', { webhookUrl: 7 }],
    ['webhookUrl', { webhookUrl: null }],
    ['authType', { webhookUrl: WEBHOOK, authType: 'digest' }],
    ['authorization', { webhookUrl: WEBHOOK, authorization: 7 }],
    ['authorization', { webhookUrl: WEBHOOK, authorization: '' }],
  ]
  for (const [field, body] of wrong) {
    t.match(await call('POST', body), { status: 422, json: problem(field) }, `POST ${JSON.stringify(body)}`)
  }
  t.match(await call('POST', {}), { status: 422, json: problem('webhookUrl') })
  t.equal(simulator.integration, undefined)

  await call('POST', created)
  for (const [field, body] of wrong) {
    t.match(await call('PATCH', body), { status: 400, json: problem(field) }, `PATCH ${JSON.stringify(body)}`)
  }
  t.match(simulator.integration, created, 'unchanged')
  t.equal((await call('PATCH', {})).status, 200)
  t.match(simulator.integration, created, 'unchanged')
  for (const webhookUrl of ['http://localhost:1/x', 'http://127.0.0.1:1', 'http://[::1]:1', 'https://a.b']) {
    t.equal((await call('PATCH', { webhookUrl })).status, 200, webhookUrl)
  }
})

void t.test('a second create', async t => {
  const { simulator, call } = await simulated(t)
  await call('POST', created)
  const first = simulator.integration
  const again = { webhookUrl: 'https://other.example.com/', authType: 'no_auth' }
  for (const status of [409, 422, 400] as const) {
    simulator.behaviour.secondCreate = status
    t.match(await call('POST', again), { status, json: { message: String } })
    t.equal(simulator.integration, first)
  }
  simulator.behaviour.secondCreate = 'no-secret'
  const known = await call('POST', again)
  t.match(known, { status: 200, json: { webhookUrl: WEBHOOK } })
  t.notMatch(known.text, 'signingSecret')
  t.equal(simulator.integration, first)
  simulator.behaviour.secondCreate = 'new-secret'
  t.match(await call('POST', again), { status: 200, json: { ...again, signingSecret: /^[0-9a-f]{64}$/ } })
  t.match(simulator.integration, again)
  t.not(simulator.integration?.signingSecret, first?.signingSecret)
})

void t.test('a second create is 409 unless something else is asked for', async t => {
  const { call } = await simulated(t)
  await call('POST', created)
  t.equal((await call('POST', created)).status, 409)
  const other = await simulated(t, { secondCreate: 422 })
  await other.call('POST', created)
  t.equal((await other.call('POST', created)).status, 422)
})

void t.test('a read may lack id and authType', async t => {
  const { simulator, call } = await simulated(t, { sparseRead: true })
  await call('POST', created)
  const { json } = await call('GET')
  t.strictSame(Object.keys(json).toSorted(), ['brainId', 'createdAt', 'webhookUrl'])
  simulator.behaviour.sparseRead = false
  t.match((await call('GET')).json, { authType: 'bearer', id: String })
})
