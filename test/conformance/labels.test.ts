import t from 'tap'
import { call, signed } from './http.ts'
import { watch } from './scrapes.ts'
import { start, variables } from './service.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

const SECRET = markedSecret()
const TOKEN = markedSecret()
const REQUESTS = 300

/** Something that no request had before. */
function fresh(): string {
  return crypto.randomUUID()
}

/** The series of the service itself. */
function own(samples: object): string[] {
  return Object.keys(samples).filter(name => name.startsWith('jelou_receiver_'))
}

/** Requests that differ in everything that a caller may choose. */
const REQUEST_KINDS: ((webhookUrl: string) => Promise<unknown>)[] = [
  url => {
    const body = `{"event":"${fresh()}","room_id":"${fresh()}","project_id":"${fresh()}","timestamp":${Date.now()}}`
    return call(url, {
      method: 'POST',
      headers: { ...signed(body, SECRET, TOKEN), 'user-agent': fresh() },
      body,
    })
  },
  url => call(url, { method: 'POST', headers: signed('{}', fresh(), TOKEN), body: '{}' }),
  url => call(url, { method: 'POST', headers: signed('{}', SECRET, fresh()), body: '{}' }),
  url => call(url, { method: 'POST', headers: signed(fresh(), SECRET, TOKEN), body: fresh() }),
  url => {
    const body = `["${fresh()}"]`
    return call(url, {
      method: 'POST',
      headers: { ...signed(body, SECRET, TOKEN), [`x-${fresh()}`]: fresh() },
      body,
    })
  },
  url => {
    const headers = { ...signed('{}', SECRET, TOKEN), 'content-type': `application/${fresh()}` }
    return call(url, { method: 'POST', headers, body: '{}' })
  },
  url => {
    const headers = {
      ...signed('{}', SECRET, TOKEN),
      'content-encoding': fresh(),
      'x-forwarded-for': fresh(),
    }
    return call(url, { method: 'POST', headers, body: '{}' })
  },
  url => call(`${url}/${fresh()}?${fresh()}`),
]

t.test('whatever comes, there are never more series', { timeout: 120_000 }, async t => {
  const environment = variables(testDirectory(t), {
    JELOU_SIGNING_SECRET: SECRET,
    WEBHOOK_AUTHORIZATION: TOKEN,
  })
  const service = await start(t, environment)
  const metrics = await watch(service)
  for (let sent = 0; sent < REQUESTS; sent++)
    await REQUEST_KINDS[sent % REQUEST_KINDS.length]?.(service.webhookUrl)
  const now = await metrics.scrape()
  t.same(own(now), own(metrics.first))
  t.ok(
    Number(now['jelou_receiver_events_total{outcome="accepted"}']) >=
      Math.floor(REQUESTS / REQUEST_KINDS.length),
  )
  const refused = own(now).filter(name => name.includes('refused_total{') && Number(now[name]) > 0)
  const checks = ['ERR_CREDENTIAL_INVALID', 'ERR_CONTENT_TYPE', 'ERR_SIGNATURE_INVALID', 'ERR_EVENT_INVALID']
  t.same(
    refused,
    checks.map(check => `jelou_receiver_refused_total{check="${check}"}`),
    'all of them were counted',
  )
})
