import t from 'tap'
import { request } from 'undici'
import { parseTraceContext } from '../../src/tracing/trace-context.ts'
import { goodHeaders, NOW, startWebhook, TRACEPARENT } from './harness.ts'

t.test('each request is told of once, with the stages that it reached and what it was answered', async t => {
  const { post, exchanges } = await startWebhook(t, { maxEventAge: 60_000 })
  const body = `{"event":"a","timestamp":${NOW - 5}}`
  const old = `{"event":"a","timestamp":${NOW - 60_001}}`
  const all = ['received', 'credential', 'body', 'signature', 'publish', 'answered']
  const cases: [
    body: string,
    headers: Record<string, string>,
    outcome: string,
    status: number,
    age?: number,
  ][] = [
    [body, goodHeaders(body), 'accepted', 200, 5],
    [body, goodHeaders(body), 'duplicate', 200, 5],
    ['{"event":"b"}', goodHeaders('{"event":"b"}'), 'accepted', 200],
    [old, goodHeaders(old), 'ERR_EVENT_TOO_OLD', 422, 60_001],
    ['[]', goodHeaders('[]'), 'ERR_EVENT_INVALID', 422],
    [body, goodHeaders(''), 'ERR_SIGNATURE_INVALID', 401],
    [body, {}, 'ERR_CREDENTIAL_INVALID', 401],
  ]
  for (const [body, headers] of cases) await post(body, headers)
  t.same(
    exchanges.map(({ outcome, statusCode, eventAge }) => [outcome, statusCode, eventAge]),
    cases.map(([, , outcome, status, age]) => [outcome, status, age]),
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

t.test(
  'the headers of a trace are read once the signature verified, and decide over nothing else',
  async t => {
    const asked: unknown[] = []
    const trace = { traceparent: TRACEPARENT, tracestate: 'a="\\",b=2' }
    const { post, published, exchanges } = await startWebhook(t, {
      trace({ traceparent, tracestate }, { signature }) {
        asked.push([traceparent, tracestate, typeof signature])
        return trace
      },
    })
    const body = '{"event":"a"}'
    const given = { traceparent: 'anything', tracestate: 'x=1' }
    await post(body, { ...goodHeaders(''), ...given })
    t.same(asked, [])
    t.match(await post(body, { ...goodHeaders(body), ...given }), { body: { status: 'accepted' } })
    t.match(await post(body, { ...goodHeaders(body), traceparent: 'other' }), {
      body: { status: 'duplicate' },
    })
    await post('[]')
    t.same(asked, [
      ['anything', 'x=1', 'number'],
      ['other', undefined, 'number'],
      [undefined, undefined, 'number'],
    ])
    const [message] = published
    t.match(JSON.parse(String(message?.body)), trace)
    t.match(String(message?.body), /"tracestate":"a=.*,"data":\{"event":"a"\}\}$/)
    t.same(
      exchanges.map(({ trace, id }) => [trace, id]),
      [
        [undefined, undefined],
        [trace, message?.id],
        [trace, message?.id],
        [trace, undefined],
      ],
    )
  },
)

t.test('two headers of a trace are none', async t => {
  const traces: unknown[] = []
  const { url } = await startWebhook(t, {
    trace(headers) {
      traces.push(parseTraceContext(headers)?.spanId)
      return { traceparent: TRACEPARENT }
    },
  })
  const good = Object.entries(goodHeaders('{"event":"a"}')).flat()
  for (const times of [1, 2]) {
    const headers = [...good, ...Array.from({ length: times }, () => ['traceparent', TRACEPARENT]).flat()]
    const answer = await request(`${url}/hook`, { method: 'POST', headers, body: '{"event":"a"}' })
    await answer.body.dump()
  }
  t.same(traces, ['b7ad6b7169203331', undefined])
})
