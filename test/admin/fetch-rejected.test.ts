import t from 'tap'
import { fetchRejected } from '../../src/admin/fetch-rejected.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

const rejection = {
  time: '2026-01-01T00:00:00.000Z',
  check: 'ERR_SIGNATURE_INVALID',
  statusCode: 401,
  headers: ['host'],
  bodyLength: null,
  bodyHash: null,
  source: '127.0.0.1',
}

t.test('tells the refused requests as the service has them', async t => {
  const { url } = await startAdmin(t, { rejected: () => [rejection] })
  t.same(await fetchRejected({ url, token: undefined }), [rejection])
})

t.test('what else answers there is recognised', async t => {
  const { origin } = await serve(t, (_request, response) => response.end('{"rejected":[{}]}'))
  await t.rejects(fetchRejected({ url: origin, token: undefined }), { code: 'ERR_ADMIN_REFUSED' })
})
