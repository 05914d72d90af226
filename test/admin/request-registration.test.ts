import t from 'tap'
import { requestRotation } from '../../src/admin/request-rotation.ts'
import { RotationRefusedError, RotationUnfinishedError } from '../../src/errors.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

t.test('tells what the service did', async t => {
  const { url } = await startAdmin(t)
  t.equal(await requestRotation({ url, token: undefined }), '{"outcome":"rotated"}')
})

t.test("a rotation that did not come about ends with the service's reason", async t => {
  const cases = [
    [new RotationRefusedError('it is not ours'), 409, 'The signing secret cannot be rotated: it is not ours'],
    [
      new RotationUnfinishedError('Jelou is down'),
      503,
      'The signing secret is not rotated yet: Jelou is down',
    ],
  ] as const
  for (const [error, status, message] of cases) {
    const { url, call } = await startAdmin(t, { rotate: () => Promise.reject(error) })
    t.match(await call('POST', '/registration/rotate'), { status, json: { code: error.code, message } })
    await t.rejects(requestRotation({ url, token: undefined }), { code: 'ERR_ADMIN_ANSWER', message })
  }
})

t.test('nobody rotates without the token, or from a web page', async t => {
  let rotations = 0
  const rotate = async () => {
    rotations += 1
    return 'rotated'
  }
  const guarded = await startAdmin(t, { token: 'a-token-of-sixteen', rotate })
  await t.rejects(requestRotation({ url: guarded.url, token: 'another-of-sixteen' }), {
    code: 'ERR_ADMIN_REFUSED',
    message: /401/,
  })
  const open = await startAdmin(t, { rotate })
  const headers = { origin: 'https://evil.example' }
  t.match(await open.call('POST', '/registration/rotate', undefined, headers), { status: 403 })
  t.match(await open.call('GET', '/registration/rotate'), { status: 404 })
  t.equal(rotations, 0)
  t.match(JSON.parse(await requestRotation({ url: guarded.url, token: 'a-token-of-sixteen' })), {
    outcome: 'rotated',
  })
  t.equal(rotations, 1)
})

t.test('what else answers there is recognised', async t => {
  for (const body of ['<html>', '{}', '[]', '{"outcome":200}', '']) {
    const { origin } = await serve(t, (_request, response) => response.end(body))
    await t.rejects(
      requestRotation({ url: origin, token: undefined }),
      { code: 'ERR_ADMIN_REFUSED', message: /rotate answered as another service: check ADMIN_HOST/ },
      body,
    )
  }
})
