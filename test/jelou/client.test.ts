import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  createIntegrationApi,
  type IntegrationApi,
  type IntegrationApiOptions,
} from '../../src/jelou/client.ts'
import type { IntegrationRequest } from '../../src/jelou/schemas.ts'
import { closedOrigin, serve, serveBytes } from '../fixtures/serve.ts'

const NOW = Date.UTC(2026, 0, 15, 10, 30)
const request: IntegrationRequest = {
  webhookUrl: 'https://example.com/webhook/jelou',
  authType: 'basic',
  authorization: 'user:pass word"9',
}

type ApiCall = [
  name: 'create' | 'read' | 'update' | 'remove',
  call: (api: IntegrationApi) => Promise<unknown>,
]
const calls: ApiCall[] = [
  ['create', api => api.create(request)],
  ['read', api => api.read()],
  ['update', api => api.update({ webhookUrl: request.webhookUrl })],
  ['remove', api => api.remove()],
]

function open(t: Test, baseUrl: string, more: Partial<IntegrationApiOptions> = {}): IntegrationApi {
  const api = createIntegrationApi({
    baseUrl,
    projectId: 'p1',
    credential: { apiKey: 'key-1234' },
    now: () => NOW,
    ...more,
  })
  t.teardown(() => api.close())
  return api
}

void t.test('sends what the documentation says', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end('{}'))
  const credentials = [
    { credential: { apiKey: 'key-1234' }, key: 'key-1234', authorization: undefined },
    {
      credential: { clientSecret: 's3cret', clientId: 'me' },
      key: undefined,
      authorization: 'Basic bWU6czNjcmV0',
    },
  ]
  for (const { credential, key, authorization } of credentials) {
    received.length = 0
    const api = open(t, `${origin}/jelouapi/v1/`, { projectId: 'a/b?c', credential })
    for (const [, call] of calls) await call(api)
    t.strictSame(
      received.map(({ method, body }) => [method, body]),
      [
        ['POST', JSON.stringify(request)],
        ['GET', ''],
        ['PATCH', JSON.stringify({ webhookUrl: request.webhookUrl })],
        ['DELETE', ''],
      ],
    )
    for (const { url, headers, body } of received) {
      t.equal(url, '/jelouapi/v1/external-support/a%2Fb%3Fc')
      t.equal(headers['x-api-key'], key)
      t.equal(headers['authorization'], authorization)
      t.equal(headers['content-type'], body ? 'application/json' : undefined)
      t.equal(headers['accept'], 'application/json')
      t.equal(headers['connection'], 'close', 'no create over a connection that may be dead')
    }
  }
})

void t.test('what each answer means', async t => {
  const later = 'Thu, 15 Jan 2026 10:30:09 GMT'
  const integration = { id: 'i1', signingSecret: 'aa' }
  const notJson = { kind: 'unavailable', reason: '200 OK with a body that is not a JSON object' }
  const ok = { kind: 'ok', integration }
  const done = { kind: 'ok', integration: {} }
  type Case = [status: number, headers: Record<string, string>, body: string, create: object, remove?: object]
  const cases: Case[] = [
    [200, {}, JSON.stringify(integration), ok],
    [201, {}, JSON.stringify({ message: ['ok'], data: integration }), ok],
    [200, {}, '', notJson, done],
    [200, {}, '<html>', notJson, done],
    [200, {}, '[]', notJson, done],
    [200, {}, 'null', notJson, done],
    [200, {}, '{"id":"i1","signingSecret":"a', notJson, done],
    [400, {}, '', { kind: 'refused', status: 400, reason: '400 Bad Request', form: 'other' }],
    [
      401,
      {},
      '{"message":"No.","statusMessage":"failed"}',
      { kind: 'refused', status: 401, reason: '401 Unauthorized: No.', form: 'documented' },
    ],
    [
      404,
      {},
      '<html>no</html>',
      { kind: 'refused', status: 404, reason: '404 Not Found: a web page', form: 'page' },
    ],
    [499, {}, 'odd', { kind: 'refused', status: 499, reason: '499: odd', form: 'other' }],
    [302, { location: '/' }, '', { kind: 'unavailable', reason: '302 Found' }],
    [408, {}, '', { kind: 'unavailable', reason: '408 Request Timeout' }],
    [425, {}, '', { kind: 'unavailable', reason: '425 Too Early' }],
    [
      429,
      { 'retry-after': '7' },
      '',
      { kind: 'unavailable', reason: '429 Too Many Requests', retryAfter: 7000 },
    ],
    [429, { 'retry-after': 'soon' }, '', { kind: 'unavailable', reason: '429 Too Many Requests' }],
    [500, {}, '{"message":["a","b"]}', { kind: 'unavailable', reason: '500 Internal Server Error: a; b' }],
    [
      503,
      { 'retry-after': later },
      '',
      { kind: 'unavailable', reason: '503 Service Unavailable', retryAfter: 9000 },
    ],
    [500, {}, 'x'.repeat(2_000_000), { kind: 'unavailable', reason: '500 Internal Server Error' }],
    [
      403,
      {},
      'x'.repeat(2_000_000),
      { kind: 'refused', status: 403, reason: '403 Forbidden', form: 'other' },
    ],
    [
      200,
      {},
      `"${'x'.repeat(2_000_000)}"`,
      { kind: 'unavailable', reason: '200 OK with a body that broke off' },
      done,
    ],
  ]
  let current: Case = [200, {}, '', {}]
  const { origin } = await serve(t, (_request, response) => {
    const [status, headers, body] = current
    response.writeHead(status, headers).end(body)
  })
  const api = open(t, origin)
  for (current of cases) {
    const [status, , body, create, remove = create] = current
    const name = `${status} ${body.slice(0, 20)}`
    t.strictSame(await api.create(request), create, `create: ${name}`)
    t.strictSame(await api.read(), create, `read: ${name}`)
    t.strictSame(await api.remove(), remove, `remove: ${name}`)
    t.strictSame(await api.update(request), remove, `update: ${name}`)
  }
})

void t.test('nothing that was sent comes back in a reason', async t => {
  const { origin } = await serve(t, (incoming, response) => {
    const pass = 'pass word"9'
    const said = [
      'me',
      'top-secret',
      incoming.headers.authorization,
      JSON.stringify(request),
      request.authorization,
      pass,
      Buffer.from(pass).toString('base64'),
    ]
    response.writeHead(422).end(JSON.stringify({ message: said.join(' | ') }))
  })
  const api = open(t, origin, { credential: { clientId: 'me', clientSecret: 'top-secret' } })
  t.match(await api.create(request), {
    reason:
      /^422 Unprocessable Entity: \*\*\* \| \*\*\* \| Basic \*\*\* \| \{"webhookUrl":"https:[^|]*"authorization":"\*\*\*"\} \| \*\*\* \| \*\*\* \| \*\*\*$/,
  })
})

void t.test('what the network does', async t => {
  const cut = await serve(t, incoming => incoming.socket.destroy())
  const secret = 'HTTP/1.1 200 OK\r\n\0signingSecret: abcdef\r\n\r\n'
  const cutBody = 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"signingSecret":"abcdef"'
  type Case = [name: string, origin: string, reason: RegExp, hasCause: boolean]
  const cases: Case[] = [
    ['refused', await closedOrigin(), /^ECONNREFUSED: connect ECONNREFUSED 127\.0\.0\.1:\d+$/, true],
    ['cut', cut.origin, /^UND_ERR_SOCKET: other side closed$|ECONNRESET/, true],
    ['cut in the body', await serveBytes(t, cutBody), /^200 OK with a body that broke off$/, false],
    ['not HTTP', await serveBytes(t, secret), /^Response does not match the HTTP/, false],
  ]
  for (const [name, origin, reason, hasCause] of cases) {
    const answer = await open(t, origin).create(request)
    t.match(answer, { kind: 'unavailable', reason }, name)
    t.equal('cause' in answer, hasCause, `${name}: cause`)
    t.notMatch(JSON.stringify(answer), 'abcdef', `${name}: no bytes of the answer`)
  }
})

void t.test('a call has its time, a create twice as much', async t => {
  const { origin } = await serve(t, (_request, response) => {
    void setTimeout(1500).then(() => response.end('{}'))
  })
  const api = open(t, origin, { timeout: 1000 })
  const late = { kind: 'unavailable', reason: 'no answer within 1000 ms' }
  t.strictSame(await Promise.all([api.create(request), api.read(), api.update({}), api.remove()]), [
    { kind: 'ok', integration: {} },
    late,
    late,
    late,
  ])
})

void t.test('an answer that never ends is given up too', async t => {
  const { origin } = await serve(t, (_request, response) => {
    response.write('{')
  })
  const reason = '200 OK with a body that broke off'
  t.strictSame(await open(t, origin, { timeout: 1000 }).read(), { kind: 'unavailable', reason })
})

void t.test('closing waits for the answer under way, and can be repeated', async t => {
  const { origin } = await serve(t, (_request, response) => {
    void setTimeout(100).then(() => response.end('{"signingSecret":"aa"}'))
  })
  const api = open(t, origin)
  const created = api.create(request)
  await Promise.all([api.close(), api.close()])
  t.strictSame(await created, { kind: 'ok', integration: { signingSecret: 'aa' } })
  await api.close()
  t.match(await api.read(), { kind: 'unavailable', reason: /^UND_ERR_DESTROYED: / })
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
})

void t.test('the documented timeout is the default, and a base URL must be one', async t => {
  const { origin } = await serve(t, (_request, response) => response.end('{}'))
  const api = createIntegrationApi({ baseUrl: origin, projectId: 'p1', credential: { apiKey: 'k' } })
  t.teardown(() => api.close())
  t.strictSame(await api.read(), { kind: 'ok', integration: {} })
  t.throws(() => createIntegrationApi({ baseUrl: 'jelou', projectId: 'p1', credential: { apiKey: 'k' } }), {
    code: 'ERR_INVALID_URL',
  })
})
