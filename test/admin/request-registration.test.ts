import t from 'tap'
import { requestRegistration } from '../../src/admin/request-registration.ts'
import {
  RegisterRefusedError,
  RotationRefusedError,
  RotationUnfinishedError,
  UnregisterUnfinishedError,
} from '../../src/errors.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

const outcomes = { reconcile: 'unchanged', rotate: 'rotated', unregister: 'unregistered' } as const
const actions = ['reconcile', 'rotate', 'unregister'] as const

/** Answers to all three requests, each counted. */
function counting() {
  const count = { register: 0, rotate: 0, unregister: 0 }
  const did = (name: keyof typeof count) => async () => {
    count[name] += 1
    return name
  }
  return {
    count,
    registration: { register: did('register'), rotate: did('rotate'), unregister: did('unregister') },
  }
}

t.test('tells what the service did', async t => {
  const { url } = await startAdmin(t)
  for (const action of actions) {
    t.same(await requestRegistration({ url, token: undefined }, action), { outcome: outcomes[action] })
  }
})

t.test("what did not come about ends with the service's reason", async t => {
  const cases = [
    [
      'rotate',
      new RotationRefusedError('it is not ours'),
      409,
      'The signing secret cannot be rotated: it is not ours',
    ],
    [
      'rotate',
      new RotationUnfinishedError('Jelou is down'),
      503,
      'The signing secret is not rotated yet: Jelou is down',
    ],
    ['reconcile', new RegisterRefusedError('no'), 409, 'The webhook is not registered: no'],
    ['unregister', new UnregisterUnfinishedError('later'), 503, 'The webhook is not unregistered yet: later'],
  ] as const
  for (const [action, error, status, message] of cases) {
    const fail = () => Promise.reject(error)
    const { url, call } = await startAdmin(t, {
      registration: { register: fail, rotate: fail, unregister: fail },
    })
    t.match(await call('POST', `/registration/${action}`), { status, json: { code: error.code, message } })
    await t.rejects(requestRegistration({ url, token: undefined }, action), {
      code: 'ERR_ADMIN_ANSWER',
      message,
    })
  }
})

t.test('nobody changes the registration without the token, or from a web page', async t => {
  const { count, registration } = counting()
  const guarded = await startAdmin(t, { token: 'a-token-of-sixteen', registration })
  const open = await startAdmin(t, { registration })
  const headers = { origin: 'https://evil.example' }
  for (const action of actions) {
    await t.rejects(requestRegistration({ url: guarded.url, token: 'another-of-sixteen' }, action), {
      code: 'ERR_ADMIN_REFUSED',
      message: /401/,
    })
    t.match(await open.call('POST', `/registration/${action}`, undefined, headers), { status: 403 })
    t.match(await open.call('GET', `/registration/${action}`), { status: 404 })
  }
  t.same(count, { register: 0, rotate: 0, unregister: 0 })
  for (const action of actions)
    await requestRegistration({ url: guarded.url, token: 'a-token-of-sixteen' }, action)
  t.same(count, { register: 1, rotate: 1, unregister: 1 })
})

t.test('what else answers there is recognised', async t => {
  for (const body of ['<html>', '{}', '[]', '{"outcome":200}', '']) {
    const { origin } = await serve(t, (_request, response) => response.end(body))
    await t.rejects(
      requestRegistration({ url: origin, token: undefined }, 'rotate'),
      { code: 'ERR_ADMIN_REFUSED', message: /rotate answered as another service: check ADMIN_HOST/ },
      body,
    )
  }
})
