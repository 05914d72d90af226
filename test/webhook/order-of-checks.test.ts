import t from 'tap'
import { addressSet } from '../../src/network.ts'
import type { Accepted } from '../../src/webhook/gate.ts'
import { NOW, SECRET, sign, startWebhook, TOKEN } from './harness.ts'
import { signingKey } from '../../src/jelou/signature.ts'

const accepted: Accepted = {
  keys: [signingKey(SECRET)],
  credentials: [{ authType: 'bearer', authorization: TOKEN }],
}

/** Begins with a request that is wrong in every way; each step first sees its check fail, then mends that alone. */
t.test('the order of the checks', async t => {
  const state = { sources: addressSet(['192.0.2.1']), draining: true, registered: false, queueFails: true }
  let body = 'x'.repeat(2000)
  const headers: Record<string, string> = { authorization: 'Bearer wrong', 'content-type': 'text/plain' }
  const { post, published } = await startWebhook(t, {
    get allowedSources() {
      return state.sources
    },
    accepted: () => (state.registered ? accepted : null),
    draining: () => state.draining,
    maxEventAge: 1000,
    queue: {
      publish: async () => {
        if (state.queueFails)
          throw Object.assign(new Error('no room'), { code: 'ERR_QUEUE_FULL', statusCode: 503 })
        return 'accepted'
      },
    },
  })
  t.equal(published.length, 0)
  const signedAs = (text: string) => {
    body = text
    headers['x-jelou-signature'] = sign(text)
  }
  const steps: [number, string, () => void][] = [
    [403, 'ERR_SOURCE_NOT_ALLOWED', () => state.sources.addAddress('127.0.0.1')],
    [503, 'ERR_DRAINING', () => (state.draining = false)],
    [503, 'ERR_NOT_REGISTERED', () => (state.registered = true)],
    [401, 'ERR_CREDENTIAL_INVALID', () => (headers.authorization = `Bearer ${TOKEN}`)],
    [415, 'ERR_CONTENT_TYPE', () => (headers['content-type'] = 'application/json')],
    [413, 'ERR_BODY_TOO_LARGE', () => (body = 'no JSON')],
    [401, 'ERR_SIGNATURE_INVALID', () => signedAs('no JSON')],
    [400, 'ERR_BODY_NOT_JSON', () => signedAs('{"timestamp":1}')],
    [422, 'ERR_EVENT_INVALID', () => signedAs('{"event":"e","timestamp":1}')],
    [422, 'ERR_EVENT_TOO_OLD', () => signedAs(`{"event":"e","timestamp":${NOW - 1000}}`)],
    [503, 'ERR_QUEUE_FULL', () => (state.queueFails = false)],
  ]
  for (const [status, code, mend] of steps) {
    const answer = await post(body, headers)
    t.match(answer, { status, body: { statusCode: status, code, error: String, message: String } }, code)
    t.equal(Object.keys(answer.body).length, 4, `${code}: nothing more is told`)
    t.equal(answer.headers['retry-after'], status === 503 ? '5' : undefined, `${code}: Retry-After`)
    t.equal('www-authenticate' in answer.headers, status === 401, `${code}: WWW-Authenticate`)
    mend()
  }
  t.match(await post(body, headers), { status: 200, body: { status: 'accepted' } })
})
