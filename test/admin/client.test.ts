import t from 'tap'
import { callAdmin } from '../../src/admin/client.ts'
import { closedOrigin, serve, serveBytes } from '../fixtures/serve.ts'

t.test('sends what it is given, and the token', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end('the answer'))
  const target = { url: origin, token: 'a-token' }
  t.equal(await callAdmin(target, 'POST', '/path', { body: { n: 1 } }), 'the answer')
  t.equal(await callAdmin({ url: origin, token: undefined }, 'GET', '/path'), 'the answer')
  t.match(received, [
    {
      method: 'POST',
      url: '/path',
      headers: { 'content-type': 'application/json', authorization: 'Bearer a-token' },
      body: '{"n":1}',
    },
    { method: 'GET', url: '/path', body: '' },
  ])
  t.notOk('authorization' in (received[1]?.headers ?? {}))
  t.notOk('content-type' in (received[1]?.headers ?? {}))
})

t.test('what the service refuses is final, what it fails at is not', async t => {
  const { origin } = await serve(t, ({ url }, response) => {
    response.statusCode = Number(url?.slice(1))
    response.end('{"secret":"private"}')
  })
  const cases: [status: number, code: string, message: string][] = [
    [302, 'ERR_ADMIN_REFUSED', `${origin}/302 answered 302: check ADMIN_HOST, ADMIN_PORT and ADMIN_TOKEN`],
    [401, 'ERR_ADMIN_REFUSED', `${origin}/401 answered 401: check ADMIN_HOST, ADMIN_PORT and ADMIN_TOKEN`],
    [404, 'ERR_ADMIN_REFUSED', `${origin}/404 answered 404: check ADMIN_HOST, ADMIN_PORT and ADMIN_TOKEN`],
    [500, 'ERR_ADMIN_UNREACHABLE', `The service does not answer at ${origin}: status 500`],
    [503, 'ERR_ADMIN_UNREACHABLE', `The service does not answer at ${origin}: status 503`],
  ]
  for (const [status, code, message] of cases)
    await t.rejects(callAdmin({ url: origin, token: 't' }, 'GET', `/${status}`), { code, message })
})

t.test('no answer, or half of one, says where and why', async t => {
  const closed = await closedOrigin()
  const half = await serveBytes(t, 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"mess')
  const cases: [url: string, message: RegExp][] = [
    [closed, /does not answer at http:\/\/127\.0\.0\.1:\d+: ECONNREFUSED$/],
    [closed.replace('127.0.0.1', 'localhost'), /does not answer at http:\/\/localhost:\d+: ECONNREFUSED$/],
    [half, /does not answer at .*: UND_ERR_SOCKET$/],
  ]
  for (const [url, message] of cases)
    await t.rejects(
      callAdmin({ url, token: undefined }, 'GET', '/'),
      { code: 'ERR_ADMIN_UNREACHABLE', message, cause: Error },
      url,
    )
})

t.test('the signal ends a call', async t => {
  const { origin } = await serve(t, () => {})
  const ending = new AbortController()
  const call = callAdmin({ url: origin, token: undefined }, 'GET', '/', { signal: ending.signal })
  ending.abort()
  await t.rejects(call, { code: 'ERR_ADMIN_UNREACHABLE' })
})
