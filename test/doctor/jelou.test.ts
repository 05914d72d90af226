import t from 'tap'
import { askJelou, judgeJelou, judgeWebhook } from '../../src/doctor/jelou.ts'
import { createIntegrationApi, type JelouAnswer } from '../../src/jelou/client.ts'
import { closedOrigin } from '../fixtures/serve.ts'
import { simulated } from '../fixtures/simulated.ts'

const own = { webhookUrl: 'https://own.example/webhook/jelou', authType: 'bearer' }

t.test('credentials, and what is registered', async t => {
  const { simulator, baseUrl, call } = await simulated(t)
  const ask = (apiKey: string) =>
    askJelou(createIntegrationApi({ baseUrl, projectId: simulator.projectId, credential: { apiKey } }))

  const none = await ask(simulator.callers.apiKey)
  t.match(judgeJelou(none, baseUrl), {
    status: 'ok',
    detail: `${baseUrl} answers, and takes the credentials`,
  })
  t.match(judgeWebhook(none, own), { status: 'ok', detail: /nothing is registered: / })

  await call('POST', { ...own, authorization: 'token' })
  const ours = await ask(simulator.callers.apiKey)
  t.match(judgeJelou(ours, baseUrl), { status: 'ok' })
  t.match(judgeWebhook(ours, own), { status: 'ok', detail: `${own.webhookUrl} is registered` })
  t.match(judgeWebhook(ours, { ...own, webhookUrl: 'https://OWN.example:443/webhook/jelou' }), {
    status: 'ok',
  })
  t.match(judgeWebhook(ours, { ...own, webhookUrl: 'https://new.example/' }), {
    status: 'warning',
    detail: `Jelou has ${own.webhookUrl}, and here it is https://new.example/`,
    advice: /PUBLIC_URL/,
  })
  t.match(judgeWebhook(ours, { ...own, authType: 'basic' }), {
    status: 'warning',
    detail: /as bearer, and here it is basic/,
  })

  const wrong = await ask('not-the-key')
  t.match(judgeJelou(wrong, baseUrl), {
    status: 'wrong',
    detail: /^Jelou refuses the credentials: 401/,
    advice: /JELOU_API_KEY/,
  })
  t.match(judgeWebhook(wrong, own), { status: 'skipped' })
})

t.test('what Jelou may answer besides', async t => {
  const cases: [JelouAnswer | null, object][] = [
    [null, { status: 'skipped', detail: /JELOU_SIGNING_SECRET/ }],
    [
      { kind: 'refused', status: 403, reason: '403' },
      { status: 'wrong', detail: /credentials/ },
    ],
    [
      { kind: 'refused', status: 422, reason: '422' },
      { status: 'wrong', advice: /JELOU_PROJECT_ID/ },
    ],
    [
      { kind: 'unavailable', reason: '500' },
      { status: 'wrong', advice: /whether Jelou is up/ },
    ],
    [
      { kind: 'unavailable', reason: 'CERT_HAS_EXPIRED: x' },
      { status: 'wrong', advice: /renew/ },
    ],
  ]
  for (const [answer, expected] of cases) t.match(judgeJelou(answer, 'https://jelou'), expected)
  t.match(judgeWebhook(null, own), { status: 'skipped' })
  t.match(
    judgeWebhook({ kind: 'ok', integration: {} }, own),
    { status: 'ok' },
    'what is not told does not differ',
  )
  const odd: JelouAnswer = { kind: 'ok', integration: { webhookUrl: 'no url' } }
  t.match(judgeWebhook(odd, own), { status: 'warning' })
  t.equal(await askJelou(null), null)
})

t.test('a Jelou that is not there', async t => {
  const baseUrl = await closedOrigin()
  const answer = await askJelou(
    createIntegrationApi({ baseUrl, projectId: 'p', credential: { apiKey: 'k' } }),
  )
  t.match(judgeJelou(answer, baseUrl), { status: 'wrong', detail: /ECONNREFUSED/, advice: /nothing listens/ })
})
