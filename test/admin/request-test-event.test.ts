import t from 'tap'
import { requestTestEvent } from '../../src/admin/request-test-event.ts'
import { NotRegisteredError } from '../../src/errors.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

t.test('the way is passed on, and what became of the event is told', async t => {
  const { url, call } = await startAdmin(t)
  for (const way of ['loopback', 'public'] as const)
    t.match(await requestTestEvent({ url, token: undefined }, way), { url: way, answer: 'accepted' })
  t.match(await call('POST', '/test-event'), { status: 200, json: { url: 'loopback' } })
})

t.test('only the two ways are known', async t => {
  const { call } = await startAdmin(t)
  for (const body of [{ way: 'https://evil.example' }, { url: 'x' }])
    t.match(await call('POST', '/test-event', body), { status: 400, json: { code: 'ERR_BAD_REQUEST' } })
})

t.test('it is guarded as the rest is', async t => {
  const { url, call } = await startAdmin(t, { token: 'a-token-of-sixteen' })
  t.match(await call('POST', '/test-event'), { status: 401 })
  t.match(await requestTestEvent({ url, token: 'a-token-of-sixteen' }, 'loopback'), { answer: 'accepted' })
})

t.test('a service without a secret cannot send one', async t => {
  const refused = new NotRegisteredError()
  const { url, call } = await startAdmin(t, { sendTestEvent: () => Promise.reject(refused) })
  t.match(await call('POST', '/test-event'), { status: 503, json: { code: 'ERR_NOT_REGISTERED' } })
  await t.rejects(requestTestEvent({ url, token: undefined }, 'loopback'), {
    code: 'ERR_ADMIN_ANSWER',
    message: /Not registered/,
  })
})

t.test('what else answers there is recognised', async t => {
  const { origin } = await serve(t, (_request, response) => response.end('{}'))
  await t.rejects(requestTestEvent({ url: origin, token: undefined }, 'loopback'), {
    code: 'ERR_ADMIN_REFUSED',
    message: /as another service/,
  })
})
