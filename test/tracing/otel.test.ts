import t, { type Test } from 'tap'
import { createOtelTracer, type OtelOptions } from '../../src/tracing/otel.ts'
import type { Exchange } from '../../src/webhook/exchange.ts'
import { closedOrigin } from '../fixtures/serve.ts'
import { noted } from '../queue/fixtures/spool.ts'
import { startCollector } from './fixtures/collector.ts'

function tracerFor(endpoint: string, options: Partial<OtelOptions> = {}) {
  const log = noted()
  const tracer = createOtelTracer({
    endpoint,
    headers: { 'api-key': 'the-key' },
    sampler: 'always_on',
    ratio: 1,
    resource: {},
    route: { path: '/hook', scheme: 'http' },
    destination: () => ({ system: 'redis', name: 'events' }),
    log: log.log,
    now: Date.now,
    ...options,
  })
  return { tracer, lines: log.lines }
}

/** A request that was refused at once, which is two spans. */
function refused(): Exchange {
  const received = performance.now()
  return { timeline: { received }, answered: received + 1, outcome: 'ERR_DRAINING', statusCode: 503 }
}

t.test('exports by OTLP over HTTP, with what is said of the process', async t => {
  const { endpoint, exports, spans } = await startCollector(t)
  const resource = { 'service.name': 'support', 'deployment.environment.name': 'test' }
  for (const [given, name] of [
    [{}, 'jelou-receiver'],
    [resource, 'support'],
  ] as const) {
    const { tracer, lines } = tracerFor(`${endpoint}/base`, { resource: given })
    tracer.observe(refused())
    await tracer.close(10_000)
    t.same(lines, [])
    t.match(exports.at(-1), {
      url: '/base/v1/traces',
      headers: { 'content-type': 'application/x-protobuf', 'api-key': 'the-key' },
    })
    t.match(spans().at(-1)?.resource, {
      ...given,
      'service.name': name,
      'service.instance.id': /^[0-9a-f-]{36}$/,
      'telemetry.sdk.name': 'opentelemetry',
    })
  }
})

/** In ms; the exporter reads it from the environment. */
function giveUpAfter(t: Test, timeout: number): void {
  process.env.OTEL_EXPORTER_OTLP_TIMEOUT = String(timeout)
  t.teardown(() => delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT)
}

const failing: Record<string, { open: (t: Test) => Promise<string>; reason: string }> = {
  'is not there': { open: closedOrigin, reason: 'ECONNREFUSED' },
  refuses: {
    open: async t => (await startCollector(t, { answer: 401 })).endpoint,
    reason: 'the collector answered 401',
  },
  'never answers': {
    open: async t => (await startCollector(t, { answer: null })).endpoint,
    reason: 'Request timed out',
  },
}
for (const [name, { open, reason }] of Object.entries(failing))
  t.test(`a collector that ${name} is told of, without what was sent`, async t => {
    giveUpAfter(t, 500)
    const { tracer, lines } = tracerFor(await open(t))
    // More than are kept, so that some are dropped.
    for (let index = 0; index < 5_000; index++) tracer.observe(refused())
    await tracer.close(60_000)
    // The first batch at once, what was kept since then at the end.
    t.match(lines, [
      { level: 'warn', fields: { reason, spans: 512 } },
      { level: 'warn', fields: { reason, spans: 8_192 } },
    ])
    t.equal(lines.length, 2)
    t.notMatch(JSON.stringify(lines), /the-key|quotes/)
  })

t.test('closing waits for a collector no longer than it is told to', async t => {
  giveUpAfter(t, 5_000)
  const { endpoint } = await startCollector(t, { answer: null })
  const { tracer, lines } = tracerFor(endpoint)
  tracer.observe(refused())
  const started = performance.now()
  await tracer.close(20)
  t.ok(performance.now() - started < 5_000)
  const told = { level: 'warn', fields: { spans: 2, reason: 'no answer before the end of the service' } }
  t.match(lines, [told], 'and says what was lost')
  t.equal(lines.length, 1)
})
