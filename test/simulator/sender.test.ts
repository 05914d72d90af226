import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import type { AuthType } from '../../src/jelou/schemas.ts'
import type { SendOptions } from '../../src/simulator/sender.ts'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { opensslHmac, withoutOpenssl } from '../fixtures/openssl.ts'
import { closedOrigin, serve } from '../fixtures/serve.ts'

const SECRET = 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90'
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A simulator with this integration, as if somebody had registered it. */
function registered(
  t: Test,
  webhookUrl: string,
  authType: AuthType = 'no_auth',
  authorization?: string,
): Simulator {
  const simulator = createSimulator()
  t.teardown(() => simulator.close())
  simulator.integrations.set(simulator.projectId, {
    id: 'i1',
    brainId: simulator.projectId,
    webhookUrl,
    authType,
    ...(authorization !== undefined && { authorization }),
    signingSecret: SECRET,
    createdAt: '2026-01-15T10:30:00.000Z',
  })
  return simulator
}

/** The signature, made without the code under test: by openssl where there is one. */
function signatureOf(body: string): string {
  const hex = withoutOpenssl
    ? createHmac('sha256', SECRET).update(body).digest('hex')
    : opensslHmac(body, SECRET)
  return `sha256=${hex}`
}

void t.test('what is sent is signed as openssl would', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.writeHead(202).end('thanks'))
  const simulator = registered(t, `${origin}/webhook/jelou?a=b`)
  const event = { ...simulator.event('text'), more: 'ñ 😀' }
  const compact = JSON.stringify(event)
  const raw = Buffer.from('{ "not" : json \xff', 'latin1')
  const cases: [
    name: string,
    event: typeof event | string | Buffer,
    options: SendOptions,
    body: string,
    signed: string,
  ][] = [
    ['an event', event, {}, compact, compact],
    ['a text', ' {} ', {}, ' {} ', ' {} '],
    ['pretty, signed compact', event, { pretty: true }, JSON.stringify(event, null, 2), compact],
  ]
  for (const [name, event, options, body, signed] of cases) {
    t.match(await simulator.send(event, options), { status: 202, body: 'thanks', latency: Number }, name)
    const got = received.pop()
    t.match(got, { method: 'POST', url: '/webhook/jelou?a=b', body }, name)
    t.match(
      got?.headers,
      { 'content-type': 'application/json', 'x-jelou-signature': signatureOf(signed) },
      name,
    )
    t.notOk(got?.headers['authorization'] ?? got?.headers['x-api-key'], `${name}: no credential`)
  }
  await simulator.send(raw)
  t.equal(received.pop()?.headers['content-length'], String(raw.length), 'bytes go as they are')
})

void t.test('signatures that are odd or wrong', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end())
  const simulator = registered(t, origin)
  const right = signatureOf('{}')
  const signatureWith = async (signature: NonNullable<SendOptions['signature']>) => {
    await simulator.send('{}', { signature })
    return received.pop()?.headers['x-jelou-signature']
  }
  t.equal(await signatureWith('valid'), right)
  t.equal(await signatureWith('uppercase'), `sha256=${right.slice('sha256='.length).toUpperCase()}`)
  t.equal(await signatureWith('missing'), undefined)
  const forged = await signatureWith('forged')
  t.match(forged, /^sha256=[0-9a-f]{64}$/)
  t.not(forged, right)
})

void t.test('credentials', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end())
  type Case = [
    authType: AuthType,
    authorization: string | undefined,
    kind: NonNullable<SendOptions['credential']>,
    header: string,
    value: unknown,
  ]
  const cases: Case[] = [
    ['bearer', 'token', 'registered', 'authorization', 'Bearer token'],
    ['bearer', 'token', 'missing', 'authorization', undefined],
    ['bearer', 'token', 'wrong', 'authorization', /^Bearer [0-9a-f]{64}$/],
    ['bearer', undefined, 'registered', 'authorization', undefined],
    ['api_key', 'key', 'registered', 'x-api-key', 'key'],
    ['api_key', 'key', 'wrong', 'x-api-key', /^[0-9a-f]{64}$/],
    ['basic', 'user:pass', 'registered', 'authorization', `Basic ${base64('user:pass')}`],
    ['basic', 'user:pass', 'as-registered', 'authorization', 'Basic user:pass'],
    ['basic', 'user:pass', 'wrong', 'authorization', /^Basic [A-Za-z0-9+/=]{80,}$/],
    ['no_auth', 'token', 'registered', 'authorization', undefined],
  ]
  for (const [authType, authorization, credential, header, value] of cases) {
    const simulator = registered(t, origin, authType, authorization)
    await simulator.send('{}', { credential })
    const { headers = {} } = received.pop() ?? {}
    t.match(headers[header], value, `${authType}, ${credential}`)
    if (value === undefined) t.notOk(headers['authorization'] ?? headers['x-api-key'], 'nothing at all')
  }
})

void t.test('headers can be added and replaced', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end())
  await registered(t, origin).send('{}', { headers: { 'content-type': 'text/plain', 'x-more': '1' } })
  t.match(received.pop()?.headers, { 'content-type': 'text/plain', 'x-more': '1' })
})

void t.test('no answer is status 0 and the code of the error', async t => {
  const cut = await serve(t, request => request.socket.destroy())
  t.match(await registered(t, cut.origin).send('{}'), {
    status: 0,
    body: '',
    error: /^UND_ERR_SOCKET$|^ECONNRESET$/,
  })
  t.match(await registered(t, await closedOrigin()).send('{}'), {
    status: 0,
    error: 'ECONNREFUSED',
    latency: Number,
  })
})

void t.test('without an integration there is nowhere to send to', async t => {
  await t.rejects(createSimulator().send('{}'), { code: 'ERR_NO_INTEGRATION' })
})

void t.test('connections are kept, closing cuts them, and the next send opens another', async t => {
  const ports = new Set<unknown>()
  let hang = false
  const { origin } = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort)
    if (!hang) response.end()
  })
  const simulator = registered(t, origin)
  for (let sent = 0; sent < 20; sent++) await simulator.send('{}')
  t.ok(ports.size < 5, 'a handful for twenty events')
  hang = true
  const pending = simulator.send('{}')
  await simulator.close()
  await simulator.close()
  t.match(await pending, { status: 0, error: 'UND_ERR_DESTROYED' })
  hang = false
  ports.clear()
  t.match(await simulator.send('{}'), { status: 200 })
  t.equal(ports.size, 1)
})
