import t from 'tap'
import { goodHeaders, NOW, startWebhook } from './harness.ts'

t.test('each request is told of once, with the stages that it reached and what it was answered', async t => {
  const { post, exchanges } = await startWebhook(t, { maxEventAge: 60_000 })
  const body = `{"event":"a","timestamp":${NOW - 5}}`
  const old = `{"event":"a","timestamp":${NOW - 60_001}}`
  const all = ['received', 'credential', 'body', 'signature', 'publish', 'answered']
  const cases: [
    body: string,
    headers: Record<string, string>,
    status: number,
    outcome: string,
    age?: number,
  ][] = [
    [body, goodHeaders(body), 200, 'accepted', 5],
    [body, goodHeaders(body), 200, 'duplicate', 5],
    ['{"event":"b"}', goodHeaders('{"event":"b"}'), 200, 'accepted'],
    [old, goodHeaders(old), 422, 'ERR_EVENT_TOO_OLD', 60_001],
    ['[]', goodHeaders('[]'), 422, 'ERR_EVENT_INVALID'],
    [body, goodHeaders(''), 401, 'ERR_SIGNATURE_INVALID'],
    [body, {}, 401, 'ERR_CREDENTIAL_INVALID'],
  ]
  for (const [body, headers] of cases) await post(body, headers)
  t.same(
    exchanges.map(({ statusCode, outcome, eventAge }) => [statusCode, outcome, eventAge]),
    cases.map(([, , status, outcome, age]) => [status, outcome, age]),
  )
  const stages = exchanges.map(({ timeline, answered }) => Object.entries({ ...timeline, answered }))
  t.same(
    stages.map(times => times.map(([name]) => name)),
    [all, all, all, ...[4, 4, 3, 1].map(reached => [...all.slice(0, reached), 'answered'])],
  )
  for (const times of stages)
    t.same(
      times.map(([, time]) => time),
      times.map(([, time]) => time).toSorted((a, b) => a - b),
      'one after another',
    )
})
