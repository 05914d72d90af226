import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { loadConfig } from '../src/config.ts'
import { openTracer } from '../src/open-tracer.ts'
import { passOn } from '../src/tracing/tracer.ts'
import { startCollector } from './tracing/fixtures/collector.ts'

async function open(environment: NodeJS.ProcessEnv) {
  const config = await loadConfig(
    {
      JELOU_PROJECT_ID: 'p',
      JELOU_API_KEY: 'k',
      PUBLIC_URL: 'https://example.com',
      WEBHOOK_PATH: '/hook',
      ...environment,
    },
    join(import.meta.dirname, 'no-such-file'),
  )
  const destination = () => ({ system: 'sqlite', name: config.QUEUE_NAME })
  return openTracer(config, { log: pino({ level: 'silent' }), destination, now: Date.now })
}

t.test('nothing is recorded unless there is somewhere to export to', async t => {
  t.equal(await open({}), passOn)
  t.equal(
    await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }),
    passOn,
  )
})

t.test("OpenTelemetry's variables mean what they mean everywhere", async t => {
  const { endpoint, exports, spans } = await startCollector(t)
  const common = { OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` }
  const cases: [environment: NodeJS.ProcessEnv, exported: object, headers: object][] = [
    [{}, { resource: { 'service.name': 'jelou-receiver' } }, { 'api-key': undefined }],
    [
      {
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=one,team=a%20b',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%3Db,x=y',
      },
      { resource: { 'service.name': 'one', team: 'a b' } },
      { 'api-key': 'a=b', x: 'y' },
    ],
    [
      { OTEL_RESOURCE_ATTRIBUTES: 'service.name=one', OTEL_SERVICE_NAME: 'two' },
      { resource: { 'service.name': 'two' } },
      {},
    ],
  ]
  for (const [environment, exported, headers] of cases) {
    const tracer = await open({ ...common, ...environment })
    tracer.observe({ timeline: { received: 0 }, answered: 1, outcome: 'ERR_DRAINING', statusCode: 503 })
    tracer.drained?.({ seq: 1, key: 'k', event: Buffer.from('{"id":"x","data":{}}') }, 0)
    await tracer.close(10_000)
    t.match(exports.at(-1), { url: '/v1/traces', headers })
    t.match(spans().at(-1), exported)
  }
  const request = spans().find(({ kind }) => kind === 2)
  t.match(request, { name: 'POST /hook', attributes: { 'url.scheme': 'https' } })

  const none = await open({ ...common, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' })
  t.match(none.begin({}, { received: 0 }), { traceparent: /-00$/ })
  await none.close(10_000)
})
