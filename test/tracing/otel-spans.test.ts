import t, { type Test } from 'tap'
import { createOtelTracer, type OtelOptions } from '../../src/tracing/otel.ts'
import type { Exchange } from '../../src/webhook/exchange.ts'
import { messageOfTrace } from '../queue/fixtures/message.ts'
import { noted } from '../queue/fixtures/spool.ts'
import { startCollector, type Exported } from './fixtures/collector.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const PARENT_ID = 'b7ad6b7169203331'
const headers = (flags: string, tracestate?: string) => ({
  traceparent: `00-${TRACE_ID}-${PARENT_ID}-${flags}`,
  tracestate,
})

/** A tracer and the collector that it exports to; `ended` closes it, and gives what was exported. */
async function start(t: Test, options: Partial<OtelOptions> = {}) {
  const collector = await startCollector(t)
  const tracer = createOtelTracer({
    endpoint: collector.endpoint,
    headers: {},
    sampler: 'parentbased_always_on',
    ratio: 1,
    resource: {},
    route: { path: '/hook', scheme: 'https' },
    destination: () => ({ system: 'sqs', name: 'events' }),
    log: noted().log,
    now: Date.now,
    ...options,
  })
  const ended = async () => {
    await tracer.close(10_000)
    return collector.spans()
  }
  return { tracer, ended }
}

const received = performance.now()
const stages = {
  credential: received + 1,
  body: received + 2,
  signature: received + 4,
  publish: received + 7,
}
type Stage = keyof typeof stages

/** A request that came so far, and was answered 10 ms after it was received. */
function exchange(reached: Stage[], outcome: string, more: Partial<Exchange> = {}): Exchange {
  const times = Object.fromEntries(reached.map(stage => [stage, stages[stage]]))
  const statusCode = more.statusCode ?? 200
  return { timeline: { received, ...times }, answered: received + 10, outcome, ...more, statusCode }
}

const all: Stage[] = ['credential', 'body', 'signature', 'publish']

/** Name, ms from the first to the last, and the code of the error. */
function outline(spans: Exported[], request: Exported | undefined) {
  const since = (time: bigint) => Math.round(Number(time - (request?.start ?? 0n)) / 1e6)
  return spans
    .toSorted((a, b) => Number(a.start - b.start))
    .map(({ name, start, end, status, message, attributes }) => [
      name,
      since(start),
      since(end),
      ...(status === 2 ? [message, attributes['error.type']] : []),
    ])
}

t.test(
  'a request that is taken is one trace: its checks, and the publishing that its message belongs to',
  async t => {
    const { tracer, ended } = await start(t)
    const before = BigInt(Date.now()) * 1_000_000n
    const { timeline } = exchange(all, 'accepted')
    const trace = tracer.begin(headers('01', 'rojo=1,congo=2'), timeline)
    tracer.observe(exchange(all, 'accepted', { trace, id: 'ID' }))
    const spans = await ended()
    const request = spans.find(({ kind }) => kind === 2)
    t.match(request, {
      name: 'POST /hook',
      traceId: TRACE_ID,
      parentId: PARENT_ID,
      tracestate: 'rojo=1,congo=2',
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/hook',
        'url.path': '/hook',
        'url.scheme': 'https',
        'http.response.status_code': 200,
        'jelou.outcome': 'accepted',
      },
    })
    const elapsed = Number((request?.start ?? 0n) - before) / 1e6
    t.ok(Math.abs(elapsed) < 120_000, 'times are those of the clock')
    t.same(
      outline(
        spans.filter(span => span !== request),
        request,
      ),
      [
        ['credential', 0, 1],
        ['body', 1, 2],
        ['signature', 2, 4],
        ['publish events', 4, 7],
      ],
    )
    for (const { traceId, parentId } of spans.filter(span => span !== request))
      t.same([traceId, parentId], [TRACE_ID, request?.spanId])
    const publish = spans.find(({ kind }) => kind === 4)
    t.same(publish?.attributes, {
      'messaging.system': 'aws_sqs',
      'messaging.destination.name': 'events',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.message.id': 'ID',
    })
    t.same(trace, { traceparent: `00-${TRACE_ID}-${publish?.spanId}-01`, tracestate: 'rojo=1,congo=2' })
  },
)

t.test('a request that is refused says where and why', async t => {
  const cases: [reached: Stage[], code: string, status: number, ...outline: unknown[]][] = [
    [[], 'ERR_CREDENTIAL_INVALID', 401, ['credential', 0, 10]],
    [['credential'], 'ERR_BODY_TOO_LARGE', 413, ['credential', 0, 1], ['body', 1, 10]],
    [
      ['credential', 'body'],
      'ERR_SIGNATURE_INVALID',
      401,
      ['credential', 0, 1],
      ['body', 1, 2],
      ['signature', 2, 10],
    ],
    [
      ['credential', 'body', 'signature'],
      'ERR_EVENT_INVALID',
      422,
      ['credential', 0, 1],
      ['body', 1, 2],
      ['signature', 2, 4],
      ['event', 4, 10],
    ],
    [
      ['credential', 'body', 'signature'],
      'ERR_QUEUE_UNAVAILABLE',
      503,
      ['credential', 0, 1],
      ['body', 1, 2],
      ['signature', 2, 4],
      ['publish events', 4, 10],
    ],
  ]
  for (const [reached, code, statusCode, ...expected] of cases) {
    const { tracer, ended } = await start(t)
    const refused = exchange(reached, code, { statusCode })
    const isVerified = reached.includes('signature')
    if (isVerified) refused.trace = tracer.begin(headers('01'), refused.timeline)
    if (code === 'ERR_QUEUE_UNAVAILABLE') refused.id = 'ID'
    tracer.observe(refused)
    const spans = await ended()
    const request = spans.find(({ kind }) => kind === 2)
    t.match(request, {
      status: 2,
      message: code,
      parentId: isVerified ? PARENT_ID : '',
      attributes: { 'http.response.status_code': statusCode, 'error.type': code },
    })
    const last = expected.pop() as unknown[]
    t.same(
      outline(
        spans.filter(span => span !== request),
        request,
      ),
      [...expected, [...last, code, code]],
      code,
    )
    t.notOk(spans.some(({ attributes }) => 'jelou.outcome' in attributes))
  }
})

t.test('who decides whether a trace is recorded', async t => {
  const cases: [
    sampler: OtelOptions['sampler'],
    ratio: number,
    incoming: string | undefined,
    sampled: boolean,
  ][] = [
    ['parentbased_always_on', 1, undefined, true],
    ['parentbased_always_on', 1, '01', true],
    ['parentbased_always_on', 1, '00', false],
    ['parentbased_always_off', 1, undefined, false],
    ['parentbased_always_off', 1, '01', true],
    ['parentbased_traceidratio', 0, undefined, false],
    ['parentbased_traceidratio', 1, undefined, true],
    ['always_on', 1, '00', true],
    ['always_off', 1, '01', false],
    ['traceidratio', 0, '01', false],
    ['traceidratio', 1, '00', true],
  ]
  for (const [sampler, ratio, flags, sampled] of cases) {
    const { tracer, ended } = await start(t, { sampler, ratio })
    const { timeline } = exchange(all, 'accepted')
    const trace = tracer.begin(flags === undefined ? {} : headers(flags), timeline)
    t.match(trace.traceparent, sampled ? /-01$/ : /-00$/)
    t.equal(trace.traceparent.includes(TRACE_ID), flags !== undefined, 'a trace goes on all the same')
    tracer.observe(exchange(all, 'accepted', { trace, id: 'ID' }))
    t.equal((await ended()).length, sampled ? 5 : 0, `${sampler} ${ratio} ${flags}`)
  }
})

t.test('an event that is drained is part of its trace, when that is recorded', async t => {
  const { tracer, ended } = await start(t)
  const parent = headers('01').traceparent
  const traces = [
    { traceparent: parent, tracestate: 'rojo=1' },
    { traceparent: headers('00').traceparent },
    {},
  ]
  const started = performance.now() - 3
  const events = traces.map(trace => messageOfTrace(trace))
  for (const { body } of events) tracer.drained?.({ seq: 1, key: 'room', event: body }, started)
  const spans = await ended()
  t.equal(spans.length, 1)
  t.match(spans[0], {
    name: 'drain events',
    kind: 4,
    traceId: TRACE_ID,
    parentId: PARENT_ID,
    tracestate: 'rojo=1',
    attributes: { 'messaging.operation.name': 'drain', 'messaging.message.id': events[0]?.id },
  })
  t.ok(Number((spans[0]?.end ?? 0n) - (spans[0]?.start ?? 0n)) >= 2e6, 'since its last try began')
})
