import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { checkCertificate } from '../../src/doctor/certificate.ts'
import { checkPublicUrl } from '../../src/doctor/public-url.ts'
import { makeCertificates } from '../fixtures/certificates.ts'
import { withoutOpenssl } from '../fixtures/openssl.ts'
import { closedOrigin, serve } from '../fixtures/serve.ts'

/** A service behind TLS, whose certificate is good for one or two days. */
async function secure(t: Test) {
  const certificates = makeCertificates(t)
  const server = createServer(
    { cert: certificates.read('server.pem'), key: certificates.read('server.key') },
    (_request, response) => response.end('{"status":"ok"}'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ca = certificates.read('ca.pem')
  const dispatcher = new Agent({ connect: { ca } })
  t.teardown(async () => {
    await dispatcher.destroy()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `https://127.0.0.1:${port}`, ca, dispatcher }
}

const webhookPath = '/webhook'

t.test('whoever answers at PUBLIC_URL', async t => {
  const other = { '/behind/healthz': '<html>', '/behind/webhook': '<html>' }
  const nothing =
    '{"statusCode":404,"code":"ERR_NOT_FOUND","error":"Not Found","message":"There is nothing here"}'
  const cases = [
    [
      { ...other, '/behind/healthz': '{"status":"ok"}' },
      'warning',
      /is this machine, which Jelou cannot reach/,
    ],
    [{ ...other, '/behind/webhook': nothing }, 'warning', /is this machine/],
    [{ ...other, '/behind/healthz': '{"status":"fine"}' }, 'wrong', /something else .* \(status 502\)/],
    [{ ...other, '/behind/webhook': '{"code":"ERR_NOT_FOUND"}' }, 'wrong', /something else/],
  ] as const
  for (const [texts, status, detail] of cases) {
    const { origin, received } = await serve(t, ({ url = '' }, response) => {
      response.writeHead(502).end(Object.entries(texts).find(([path]) => path === url)?.[1])
    })
    t.match(await checkPublicUrl(`${origin}/behind`, { webhookPath }), { status, detail })
    t.match(received, [{ method: 'GET', url: '/behind/healthz' }])
  }
})

/** Every name is this machine. */
const lookup: LookupFunction = (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }])

t.test('a name that is not this machine', async t => {
  const { origin } = await serve(t, (_request, response) => response.end('{"status":"ok"}'))
  const dispatcher = new Agent({ connect: { lookup } })
  t.teardown(() => dispatcher.destroy())
  const url = origin.replace('127.0.0.1', 'receiver.example')
  t.match(await checkPublicUrl(url, { webhookPath, dispatcher }), {
    status: 'ok',
    detail: `this service, or one like it, answers at ${url}`,
  })
})

t.test('nobody answers at PUBLIC_URL', async t => {
  t.match(await checkPublicUrl(await closedOrigin(), { webhookPath }), {
    status: 'wrong',
    detail: /cannot be reached from here: ECONNREFUSED$/,
    advice: /^start the service .* nothing listens there.*from outside$/,
  })
  t.match(await checkPublicUrl('http://127.0.0.1:0', { webhookPath }), { status: 'skipped' })
})

t.test('a certificate that is trusted, and for how long', { skip: withoutOpenssl }, async t => {
  const { url, ca, dispatcher } = await secure(t)
  const trust = { ca }
  t.match(await checkPublicUrl(url, { webhookPath, dispatcher }), {
    status: 'warning',
    detail: /is this machine/,
  })
  t.match(await checkCertificate(url, { trust }), {
    status: 'warning',
    detail: 'the certificate of 127.0.0.1 is good for 1 more days',
    advice: 'renew it',
  })
  const month = 30 * 86_400_000
  t.match(await checkCertificate(url, { trust, now: () => Date.now() - month }), {
    status: 'ok',
    detail: /for 3[12] more days/,
  })
  t.match(await checkCertificate(url, { trust, now: () => Date.now() + month }), {
    status: 'wrong',
    detail: /has expired/,
  })
})

t.test('a certificate that is not trusted, or for another name', { skip: withoutOpenssl }, async t => {
  const { port, url, ca } = await secure(t)
  const untrusted = await checkCertificate(url)
  t.match(untrusted, { status: 'wrong', detail: /no trusted connection/, advice: /NODE_EXTRA_CA_CERTS/ })
  t.match(await checkPublicUrl(url, { webhookPath }), { status: 'wrong', advice: /NODE_EXTRA_CA_CERTS/ })
  const other = await checkCertificate(`https://localhost:${port}`, { trust: { ca } })
  t.match(other, { status: 'wrong', detail: /ERR_TLS_CERT_ALTNAME_INVALID/, advice: /another name/ })
})

t.test('what has no certificate', async t => {
  t.match(await checkCertificate('http://127.0.0.1'), { status: 'skipped' })
  const { origin } = await serve(t, (_request, response) => response.end())
  t.match(await checkCertificate(origin.replace('http:', 'https:')), { status: 'wrong', advice: /scheme/ })
  const closed = new URL(await closedOrigin())
  t.match(await checkCertificate(`https://[::1]:${closed.port}`), {
    status: 'wrong',
    detail: /no trusted connection to/,
  })
  const usual = await checkCertificate('https://nobody.invalid')
  t.match(usual, { status: 'wrong', detail: /no trusted connection to nobody\.invalid/ })
})
