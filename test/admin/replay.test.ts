import t from 'tap'
import { replay } from '../../src/admin/replay.ts'
import { serve } from '../fixtures/serve.ts'
import { startAdmin } from './harness.ts'

t.test('dead letters go back to the queue, some or all', async t => {
  const { url, queue, publish } = await startAdmin(t)
  for (let n = 1; n <= 3; n++) await publish(`key ${n}`, n)
  for (let attempt = 1; attempt <= 5; attempt++) {
    const leased = await queue.consumer.receive({ max: 3, wait: 0, lease: 60_000 })
    await queue.consumer.reject(
      leased.map(({ lease }) => lease),
      { delay: 0 },
    )
  }
  const target = { url, token: undefined }
  t.match(await queue.stats(), { waiting: 0, dead: 3 })
  t.equal(await replay(target, [2]), 1)
  t.match(await queue.stats(), { waiting: 1, dead: 2 })
  t.equal(await replay(target), 2)
  t.match(await queue.stats(), { waiting: 3, dead: 0 })
})

t.test('what else answers there is recognised', async t => {
  for (const body of ['<html>', '{}', '{"redriven":"1"}']) {
    const { origin } = await serve(t, (_request, response) => response.end(body))
    await t.rejects(
      replay({ url: origin, token: undefined }),
      { code: 'ERR_ADMIN_REFUSED', message: /as another service/ },
      body,
    )
  }
})
