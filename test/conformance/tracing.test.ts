import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { startCollector, type Exported } from '../tracing/fixtures/collector.ts'
import { readRedis, startRedis } from '../brokers/redis.ts'
import { Evidence } from './evidence.ts'
import { call, receiveAll, signed } from './http.ts'
import { ready, start, startReady, stop, variables, type Service } from './service.ts'
import { waiting } from './outage.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.setTimeout(180_000)

function random(): string {
  return randomBytes(24).toString('base64url')
}

const secrets = {
  JELOU_SIGNING_SECRET: markedSecret(),
  WEBHOOK_AUTHORIZATION: markedSecret(),
  ADMIN_TOKEN: markedSecret(),
  key: markedSecret(),
}
const text = `customer-${random()}`
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const INCOMING = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`, tracestate: 'rojo=00f067aa0ba902b7' }

function environmentFor(t: Test, endpoint: string, more: Record<string, string> = {}) {
  const { JELOU_SIGNING_SECRET, WEBHOOK_AUTHORIZATION, ADMIN_TOKEN } = secrets
  return variables(testDirectory(t), {
    JELOU_SIGNING_SECRET,
    WEBHOOK_AUTHORIZATION,
    ADMIN_TOKEN,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=${secrets.key}`,
    ...more,
  })
}

function eventIn(room: string): string {
  return JSON.stringify({ event: 'message', room_id: room })
}

async function send({ webhookUrl }: Service, body: string, headers: Record<string, string> = {}) {
  const good = signed(body, secrets.JELOU_SIGNING_SECRET, secrets.WEBHOOK_AUTHORIZATION)
  return call(`${webhookUrl}?text=${text}`, { method: 'POST', headers: { ...good, ...headers }, body })
}

/** The spans of the request, of publishing and of draining that the trace of this message has. */
function spansOf(spans: Exported[], traceparent: unknown) {
  const [, traceId, spanId] = String(traceparent).split('-')
  const ofTrace = spans.filter(span => span.traceId === traceId)
  return {
    traceId,
    publish: ofTrace.find(span => span.spanId === spanId),
    request: ofTrace.find(({ kind }) => kind === 2),
    drain: ofTrace.find(({ name }) => name.startsWith('drain ')),
  }
}

t.test('one trace leads from the webhook to the embedded queue, and nothing secret is in it', async t => {
  const collector = await startCollector(t)
  const service = await startReady(t, environmentFor(t, collector.endpoint))
  const bodies = ['first', 'second'].map(room => JSON.stringify({ event: 'message', room_id: room, text }))
  const [first = '', second = ''] = bodies
  t.equal((await send(service, first, { ...INCOMING, 'x-customer': text })).status, 200)
  t.equal((await send(service, second)).status, 200)
  t.match(await send(service, second, INCOMING), { text: /duplicate/ }, 'although its trace is another')
  const wrong = random()
  t.equal((await send(service, first, { ...INCOMING, authorization: `Bearer ${wrong}` })).status, 401)
  const events = (await receiveAll(service.adminUrl, { authorization: `Bearer ${secrets.ADMIN_TOKEN}` })).map(
    ({ event }) => event,
  )
  t.equal(await stop(service), 0)

  const spans = collector.spans()
  t.match(collector.exports[0]?.headers, { 'api-key': secrets.key })
  t.same(
    events.map(({ tracestate }) => tracestate),
    [INCOMING.tracestate, undefined],
  )
  for (const [index, event] of events.entries()) {
    const { traceId, request, publish } = spansOf(spans, event['traceparent'])
    t.equal(traceId === TRACE_ID, index === 0, 'the trace of the caller, or one that begins here')
    t.match(publish, {
      parentId: request?.spanId,
      attributes: { 'messaging.system': 'sqlite', 'messaging.message.id': event['id'] },
    })
  }
  const refused = spans.filter(({ message }) => message === 'ERR_CREDENTIAL_INVALID')
  t.same(refused.map(({ name }) => name).toSorted(), ['POST /webhook/jelou', 'credential'])
  t.not(refused[0]?.traceId, TRACE_ID, 'who is not known begins no trace of others')

  const evidence = new Evidence()
  for (const { body } of collector.exports) evidence.add('what was exported', body)
  await evidence.addProcess('output', service)
  const signature = signed(first, secrets.JELOU_SIGNING_SECRET)['x-jelou-signature']?.slice(7) ?? ''
  t.strictSame(evidence.leaks({ ...secrets, text, wrong, signature }), [])
})

t.test('one trace leads through an outage to a broker', async t => {
  const server = await startRedis(t)
  if (server === null) return
  if (server.process === null) return t.fail('the server must be of our own to be killed')
  const collector = await startCollector(t)
  const queueName = `traces-${crypto.randomUUID()}`
  const environment = environmentFor(t, collector.endpoint, {
    QUEUE_URL: `redis://127.0.0.1:${server.port}`,
    QUEUE_NAME: queueName,
  })
  const service = await startReady(t, environment)
  const admin = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` }
  t.equal((await send(service, eventIn('direct'), INCOMING)).status, 200)
  await server.process.kill('SIGKILL')
  t.equal((await send(service, eventIn('spooled'))).status, 200)
  t.equal(await waiting(service, admin), 1)
  // The trace outlives the process that began it.
  t.equal(await stop(service), 0)
  await server.process.start()
  const again = await startReady(t, environment)
  const messages = await readRedis(server, { queueName, count: 2 })
  t.equal(await stop(again), 0)

  const spans = collector.spans()
  const [direct, drained] = messages.map(({ headers: { id, traceparent } }) => {
    const { drain, publish, ...rest } = spansOf(spans, traceparent)
    t.match(publish, { name: `publish ${queueName}`, parentId: rest.request?.spanId })
    t.equal(publish?.attributes['messaging.message.id'], id)
    return { drain, publish, ...rest }
  })
  t.equal(direct?.traceId, TRACE_ID)
  t.equal(direct?.drain, undefined)
  t.match(drained?.drain, { name: `drain ${queueName}`, parentId: drained?.publish?.spanId })
})

const hooks = pathToFileURL(join(import.meta.dirname, '../tracing/fixtures/print-modules.js')).href

t.test("OpenTelemetry's SDK is loaded only where it records", async t => {
  const { endpoint } = await startCollector(t)
  const loaded = async (OTEL_EXPORTER_OTLP_ENDPOINT: string) => {
    const environment = environmentFor(t, OTEL_EXPORTER_OTLP_ENDPOINT)
    const service = await start(t, environment, ['--import', hooks])
    await ready(service)
    t.equal((await send(service, '{"event":"message"}')).status, 200)
    t.equal(await stop(service), 0)
    return [...new Set([...service.output().matchAll(/loaded (\S+)/g)].map(([, name]) => name))]
  }
  // The metrics are written against the API, whether or not anything is recorded.
  t.same(await loaded(''), ['@opentelemetry/api'])
  t.ok((await loaded(endpoint)).includes('@opentelemetry/sdk-trace'), 'it would be seen')
})

t.test('a collector that never answers costs neither an event nor the end any waiting', async t => {
  const { endpoint } = await startCollector(t, { answer: null })
  const service = await startReady(t, environmentFor(t, endpoint, { SHUTDOWN_TIMEOUT: '10s' }))
  for (let index = 0; index < 20; index++)
    t.equal((await send(service, JSON.stringify({ event: 'message', index }))).status, 200)
  t.equal(await stop(service), 0)
})
