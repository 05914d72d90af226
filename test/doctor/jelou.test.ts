import t from 'tap'
import { askJelou, judgeJelou, judgeWebhook } from '../../src/doctor/jelou.ts'
import { createIntegrationApi, type JelouAnswer } from '../../src/jelou/client.ts'
import { closedOrigin, serve } from '../fixtures/serve.ts'
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
      { kind: 'refused', status: 403, reason: '403', form: 'other' },
      { status: 'wrong', detail: /credentials/ },
    ],
    [
      { kind: 'refused', status: 422, reason: '422', form: 'other' },
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
  const sparse: JelouAnswer = { kind: 'ok', integration: { webhookUrl: own.webhookUrl } }
  t.match(judgeWebhook(sparse, own), { status: 'ok' }, 'what is not told does not differ')
  const blank: JelouAnswer = { kind: 'ok', integration: { id: 'i1' } }
  t.match(judgeJelou(blank, 'https://jelou'), { status: 'ok' })
  t.match(judgeWebhook(blank, own), { status: 'skipped', detail: /does not tell which webhook/ })
  const odd: JelouAnswer = { kind: 'ok', integration: { webhookUrl: 'no url' } }
  t.match(judgeWebhook(odd, own), { status: 'warning' })
  t.equal(await askJelou(null), null)
})

t.test('a wrong path in JELOU_API_URL is not taken for a Jelou that has nothing registered', async t => {
  const { simulator, baseUrl } = await simulated(t)
  const answers: [status: number, body: string, said: RegExp][] = [
    [404, '<!DOCTYPE html><pre>Cannot GET /</pre>', /answers 404 Not Found: a web page, which does not look/],
    [404, '{"message":"no Route matched with those values"}', /404 Not Found: no Route matched/],
    [404, '', /answers 404 Not Found, which/],
    [200, '{"status":"up"}', /answers 200 with nothing of an integration/],
  ]
  let at = 0
  const { origin } = await serve(t, (_request, response) => {
    const [status, body] = answers[at] ?? [500, '']
    response.writeHead(status).end(body)
  })
  const unlike = async (apiUrl: string, detail: RegExp) => {
    const answer = await askJelou(
      createIntegrationApi({
        baseUrl: apiUrl,
        projectId: simulator.projectId,
        credential: { apiKey: simulator.callers.apiKey },
      }),
    )
    t.match(judgeJelou(answer, apiUrl), { status: 'warning', detail, advice: /^check JELOU_API_URL/ })
    t.match(judgeWebhook(answer, own), { status: 'skipped', detail: /does not look like Jelou's/ })
  }
  for (const [index, [, , said]] of answers.entries()) {
    at = index
    await unlike(origin, said)
  }
  await unlike(baseUrl.replace('/jelouapi/v1', '/jelou-api/v1'), /404 Not Found: no Route matched/)
})

t.test('a Jelou that is not there', async t => {
  const baseUrl = await closedOrigin()
  const answer = await askJelou(
    createIntegrationApi({ baseUrl, projectId: 'p', credential: { apiKey: 'k' } }),
  )
  t.match(judgeJelou(answer, baseUrl), { status: 'wrong', detail: /ECONNREFUSED/, advice: /nothing listens/ })
})
