import t from 'tap'
import { fetchStatus } from '../../src/admin/fetch-status.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

t.test('tells whether the service is ready, and all that it says', async t => {
  for (const [status, ready] of [
    ['ready', true],
    ['not ready', false],
  ] as const) {
    const answer = { status, checks: { queue: 'ok' } }
    const { url } = await startAdmin(t, { status: async () => answer })
    t.same(await fetchStatus({ url, token: undefined }), { ready, status: answer })
  }
})

t.test('the token is checked', async t => {
  const { url } = await startAdmin(t, { token: 'a-token-of-sixteen' })
  t.ok((await fetchStatus({ url, token: 'a-token-of-sixteen' })).ready)
  await t.rejects(fetchStatus({ url, token: 'another-of-sixteen' }), {
    code: 'ERR_ADMIN_REFUSED',
    message: /401/,
  })
})

t.test('what else answers there is recognised', async t => {
  for (const body of ['<html>', '{}', '[]', '{"status":200}', '']) {
    const { origin } = await serve(t, (_request, response) => response.end(body))
    await t.rejects(
      fetchStatus({ url: origin, token: undefined }),
      {
        code: 'ERR_ADMIN_REFUSED',
        message: `${origin}/status answered as another service: check ADMIN_HOST`,
      },
      body,
    )
  }
})
