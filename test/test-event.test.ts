import t from 'tap'
import { Agent } from 'undici'
import { signingKey, verifyBody } from '../src/jelou/signature.ts'
import type { Accepted } from '../src/registration/accepted.ts'
import { createTestEvents, type TestEventOptions } from '../src/test-event.ts'
import { closedOrigin, serve } from './fixtures/serve.ts'
import { markedSecret } from './fixtures/marked.ts'

const key = signingKey(markedSecret())
const accepted: Accepted = {
  keys: [key, signingKey('an-older-one')],
  credentials: [{ authType: 'bearer', authorization: 'the-token' }],
}
const ID = 'a'.repeat(64)

function sender(url: string, more: Partial<TestEventOptions> = {}) {
  return createTestEvents({
    projectId: 'p',
    urls: { loopback: () => `${url}/webhook`, public: () => `${url}/public` },
    accepted: () => accepted,
    now: () => 1_000,
    ...more,
  })
}

t.test('an event is signed with the present secret and presents the credential', async t => {
  const { origin, received } = await serve(t, (_request, response) =>
    response.end(JSON.stringify({ status: 'accepted', id: ID })),
  )
  const result = await sender(origin)('loopback')
  t.match(result, { url: `${origin}/webhook`, statusCode: 200, answer: 'accepted', id: ID, problem: null })
  t.type(result.tookMs, 'number')
  const [event] = received
  t.match(event, { method: 'POST', url: '/webhook', headers: { authorization: 'Bearer the-token' } })
  t.match(JSON.parse(event?.body ?? ''), {
    event: 'jelou-receiver.test',
    timestamp: 1_000,
    project_id: 'p',
    test_id: /^[\w-]{36}$/,
  })
  t.ok(verifyBody(Buffer.from(event?.body ?? ''), String(event?.headers['x-jelou-signature']), [key]))
  t.match(await sender(origin)('public'), { url: `${origin}/public` })
  t.not(received[1]?.body, event?.body, 'no two are alike')
})

t.test('the credential stands where Jelou puts it', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end())
  const cases = [
    ['api_key', 'k', { 'x-api-key': 'k' }],
    ['basic', 'u:p', { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` }],
    ['no_auth', '', { authorization: undefined, 'x-api-key': undefined }],
  ] as const
  for (const [authType, authorization, headers] of cases) {
    const credentials = [{ authType, authorization }]
    await sender(origin, { accepted: () => ({ keys: [key], credentials }) })('loopback')
    t.match(received.at(-1)?.headers, headers, authType)
  }
})

function refusal(code: string, message: string): string {
  return JSON.stringify({ code, message })
}

t.test('what is wrong is said', async t => {
  const cases = [
    [
      'loopback',
      403,
      refusal('ERR_SOURCE_NOT_ALLOWED', ''),
      { answer: 'ERR_SOURCE_NOT_ALLOWED', problem: /loopback address.*--public$/ },
    ],
    [
      'public',
      403,
      refusal('ERR_SOURCE_NOT_ALLOWED', ''),
      { answer: 'ERR_SOURCE_NOT_ALLOWED', problem: /TRUST_PROXY/ },
    ],
    [
      'loopback',
      503,
      refusal('ERR_QUEUE_FULL', 'The queue is full'),
      { answer: 'ERR_QUEUE_FULL', problem: 'The queue is full' },
    ],
    ['public', 502, '<html>', { answer: null, problem: /^something else .* status 502: check PUBLIC_URL/ }],
    ['loopback', 200, '{}', { answer: null, problem: /^something else .* status 200: check HOST and PORT/ }],
  ] as const
  for (const [way, statusCode, body, expected] of cases) {
    const { origin } = await serve(t, (_request, response) => response.writeHead(statusCode).end(body))
    t.match(await sender(origin)(way), { statusCode, id: null, ...expected })
  }
})

t.test('what another server answers is shown in one short line, and no credential with it', async t => {
  const hostile = `\u001b[2J\u0007 the-token ${Buffer.from('the-token').toString('base64')}\r\n ${'long '.repeat(1000)}`
  let body = refusal('ERR_ANY', hostile)
  const { origin } = await serve(t, (_request, response) => response.end(body))
  const { problem, answer } = await sender(origin)('public')
  t.equal(answer, 'ERR_ANY')
  t.match(problem, /^\[2J \*\*\* \*\*\* long long .*…$/)
  t.equal(problem?.length, 300)
  const foreign = [
    refusal(`ERR_${'A'.repeat(100)}`, ''),
    JSON.stringify({ status: 'accepted', id: '\u001b[2J' }),
    refusal('ERR_ANY', 'x'.repeat(100_000_000)),
  ]
  for (body of foreign)
    t.match(await sender(origin)('public'), { answer: null, id: null, problem: /^something else/ })
})

t.test('no answer is a problem too', async t => {
  t.match(await sender(await closedOrigin())('public'), {
    statusCode: null,
    problem: /^there is no answer \(ECONNREFUSED\): check PUBLIC_URL, its DNS/,
  })
  const { origin } = await serve(t, () => {})
  const dispatcher = new Agent()
  t.teardown(() => dispatcher.destroy())
  t.match(await sender(origin, { timeout: 50, dispatcher })('loopback'), {
    statusCode: null,
    problem: /^there is no answer \(TimeoutError\)/,
  })
})

t.test('without a secret there is nothing to sign with', async t => {
  for (const none of [null, { keys: [], credentials: [] }])
    await t.rejects(sender('http://127.0.0.1:1', { accepted: () => none })('loopback'), {
      code: 'ERR_NOT_REGISTERED',
    })
})
