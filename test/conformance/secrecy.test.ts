import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { serve } from '../fixtures/serve.ts'
import { Evidence } from './evidence.ts'
import { call, post, signed, type CallOptions } from './http.ts'
import { run, start, startReady, stop, variables, type Service } from './service.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.setTimeout(180_000)

function random(): string {
  return randomBytes(24).toString('base64url')
}

/** What no log, no answer and no file of the service may hold. */
const secrets = {
  JELOU_API_KEY: markedSecret(),
  JELOU_CLIENT_SECRET: markedSecret(),
  ADMIN_TOKEN: markedSecret(),
  WEBHOOK_AUTHORIZATION: markedSecret(),
  STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  JELOU_SIGNING_SECRET: markedSecret(),
}
/** In what customers write, in refused bodies, in header values and in queries. */
const text = `customer-${random()}`
const admin = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` }

/** The secrets that were made on the way, by names of this moment. */
function made({ integration }: Simulator, when: string): Record<string, string> {
  const { signingSecret = '', authorization = '' } = integration ?? {}
  return { [`signing secret ${when}`]: signingSecret, [`credential ${when}`]: authorization }
}

for (const LOG_LEVEL of ['debug', 'trace']) {
  t.test(`nothing secret gets out at ${LOG_LEVEL}, whatever the service is sent`, async t => {
    const evidence = new Evidence()
    const jelou = createSimulator({ apiKey: secrets.JELOU_API_KEY })
    t.teardown(() => jelou.close())
    const { JELOU_API_KEY, ADMIN_TOKEN, STATE_ENCRYPTION_KEY } = secrets
    const environment = variables(testDirectory(t), {
      JELOU_API_URL: await jelou.listen(),
      JELOU_API_KEY,
      ADMIN_TOKEN,
      STATE_ENCRYPTION_KEY,
      LOG_LEVEL,
      BODY_LIMIT: '2kb',
      MAX_EVENT_AGE: '1h',
    })
    const service = await startReady(t, environment)
    const first = made(jelou, 'before')
    const signatures = await exercise(service, jelou, evidence)
    await consume(t, service, evidence)
    t.equal(await stop(service), 0)
    await evidence.addProcess('output', service)
    evidence.addFiles(environment.DATA_DIR)

    // Jelou refuses the new credential once, quoting nothing; then it is registered.
    jelou.faults.add({ method: 'PATCH', status: 400, times: 1 })
    const { WEBHOOK_AUTHORIZATION } = secrets
    const changed = await start(t, { ...environment, WEBHOOK_AUTHORIZATION })
    while (jelou.integration?.authorization !== WEBHOOK_AUTHORIZATION) await sleep(20)
    await evidence.addAdmin(changed.adminUrl, '/status', { headers: admin })
    t.equal(await stop(changed), 0)
    await evidence.addProcess('output after the change', changed)
    evidence.addFiles(environment.DATA_DIR)

    t.match(changed.output(), 'updated it')
    t.strictSame(evidence.leaks({ ...secrets, ...first, ...made(jelou, 'after'), ...signatures, text }), [])
  })
}

/** Good events and one for every refusal. Resolves with the signatures that were sent. */
async function exercise(
  service: Service,
  jelou: Simulator,
  evidence: Evidence,
): Promise<Record<string, string>> {
  const { signingSecret = '', authorization = '' } = jelou.integration ?? {}
  const good = JSON.stringify({ event_type: 'message', room_id: 'room', value: { content: { body: text } } })
  const old = JSON.stringify({ event: 'message', timestamp: 1, text })
  const headers = signed(good, signingSecret, authorization)
  const from = (body: string | Buffer) => ({ body, headers: signed(body, signingSecret, authorization) })
  const wrong = random()
  const requests: Record<number, CallOptions[]> = {
    200: [
      { body: good, headers: { ...headers, 'x-customer': text } },
      { body: good, headers },
    ],
    400: [
      from(`{"event": ${text}`),
      from(Buffer.concat([Buffer.from(`{"event":"${text}`), Buffer.from([255])])),
    ],
    401: [
      { body: good, headers: { ...headers, authorization: `Bearer ${wrong}` } },
      { body: good, headers: { ...headers, authorization: `Basic ${wrong}` } },
      { body: good, headers: { ...headers, 'x-jelou-signature': `sha256=${'0'.repeat(64)}` } },
      { body: `${good} `.replace('room', text), headers },
    ],
    413: [from(JSON.stringify({ event: 'message', text: text.repeat(100) }))],
    415: [{ body: good, headers: { ...headers, 'content-type': 'text/plain' } }],
    422: [from(old), from(JSON.stringify([text])), from(JSON.stringify({ text }))],
  }
  for (const [status, list] of Object.entries(requests)) {
    for (const options of list) {
      const answer = await call(`${service.webhookUrl}?text=${text}`, { method: 'POST', ...options })
      if (answer.status !== Number(status)) throw new Error(`${answer.status} instead of ${status}`)
      evidence.addAnswer('webhook', answer)
    }
  }
  evidence.addAnswer('readyz', await call(`${service.publicUrl}/readyz`))
  evidence.addAnswer('healthz', await call(`${service.publicUrl}/healthz`))
  return { signature: headers['x-jelou-signature']?.slice(7) ?? '', 'wrong credential': wrong }
}

/** Everything that the private listener has, until a message is dead and comes back. */
async function consume(t: Test, { adminUrl }: Service, evidence: Evidence): Promise<void> {
  const ask = (path: string, body?: object) =>
    evidence.addAdmin(adminUrl, path, { headers: admin, ...(body && { body }) })
  const receive = async (): Promise<string[]> => {
    const answer = await post(`${adminUrl}/queue/receive`, { wait: '20s' }, admin)
    t.match(answer.text, text, 'the text is there for the consumer')
    const { messages }: { messages: { lease: string }[] } = JSON.parse(answer.text)
    return messages.map(({ lease }) => lease)
  }
  for (let attempt = 1; attempt <= 5; attempt++)
    await ask('/queue/nack', { leases: await receive(), reason: 'failed' })
  t.match((await call(`${adminUrl}/queue/dead`, { headers: admin })).text, text)
  t.match((await ask('/')).text, '1, oldest first', 'the page shows the dead letter')
  t.match((await ask('/queue/dead/redrive', {})).text, '{"redriven":1}')
  await ask('/queue/ack', { leases: await receive() })
  await ask('/queue/ack', { leases: ['unknown'] })
  await ask('/queue/ack', { leases: text })
  for (const path of ['/', '/status', '/rejected', '/metrics', '/queue/stats', '/unknown']) await ask(path)
  const refused = await evidence.addAdmin(adminUrl, '/status', {
    headers: { authorization: `Bearer ${text}` },
  })
  t.equal(refused.status, 401)
}

const refusals = {
  'as JSON': {
    status: 401,
    write: (quoted: string) => JSON.stringify({ message: [quoted], error: { quoted } }),
  },
  'as a text': { status: 500, write: (quoted: string) => quoted },
  'as HTML': { status: 422, write: (quoted: string) => `<html>${quoted}</html>` },
}

for (const [name, { status, write }] of Object.entries(refusals)) {
  t.test(`nothing secret gets out when Jelou quotes it ${name}`, async t => {
    const evidence = new Evidence()
    const caller = { JELOU_CLIENT_ID: 'client', JELOU_CLIENT_SECRET: secrets.JELOU_CLIENT_SECRET }
    const { JELOU_API_KEY, WEBHOOK_AUTHORIZATION } = secrets
    for (const credential of [caller, { JELOU_API_KEY }]) {
      let quoted = ''
      const { origin, received } = await serve(t, ({ headers }, response) => {
        const basic = headers.authorization?.replace('Basic ', '') ?? ''
        const decoded = Buffer.from(basic, 'base64').toString()
        quoted += `${String(headers['x-api-key'])} ${basic} ${decoded} ${received.at(-1)?.body}`
        response.writeHead(status).end(write(quoted))
      })
      const environment = variables(testDirectory(t), {
        JELOU_API_URL: origin,
        WEBHOOK_AUTHORIZATION,
        LOG_LEVEL: 'trace',
      })
      const service = run(t, { ...environment, ...credential })
      if (status === 500) {
        await service.logged('No usable answer from Jelou about the registration: trying again')
        service.signal('SIGTERM')
      }
      t.equal(await evidence.addProcess('output', service), status === 500 ? 0 : 1)
      t.match(service.output(), `${status} `)
      t.match(quoted, WEBHOOK_AUTHORIZATION, 'it was quoted')
      t.match(quoted, Object.values(credential).at(-1))
    }
    t.strictSame(evidence.leaks({ ...secrets, pair: `client:${secrets.JELOU_CLIENT_SECRET}` }), [])
  })
}

t.test('nothing secret gets out of a service that is given its secrets', async t => {
  const evidence = new Evidence()
  const { JELOU_SIGNING_SECRET, WEBHOOK_AUTHORIZATION: password } = secrets
  const environment = variables(testDirectory(t), {
    JELOU_SIGNING_SECRET: `${JELOU_SIGNING_SECRET},${random()}`,
    WEBHOOK_AUTH_TYPE: 'basic',
    WEBHOOK_AUTHORIZATION: `user:${password}`,
    LOG_LEVEL: 'trace',
    JELOU_API_URL: 'http://127.0.0.1:9',
  })
  const service = await start(t, environment)
  const body = JSON.stringify({ event: 'message', text })
  const authorization = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`
  for (const [status, secret] of Object.entries({ 200: JELOU_SIGNING_SECRET, 401: 'another' })) {
    const headers = { ...signed(body, secret), authorization }
    const answer = await call(service.webhookUrl, { method: 'POST', headers, body })
    t.equal(answer.status, Number(status))
    evidence.addAnswer('webhook', answer)
  }
  await evidence.addAdmin(service.adminUrl, '/status')
  const at = ['--url', service.adminUrl]
  for (const args of [
    ['config'],
    ['config', '--json'],
    ['doctor', ...at],
    ['send', ...at],
    ['rejected', ...at],
  ])
    t.equal(await evidence.addProcess(args.join(' '), run(t, environment, [], args)), 0, args.join(' '))
  t.equal(await stop(service), 0)
  await evidence.addProcess('output', service)
  evidence.addFiles(environment.DATA_DIR)
  t.strictSame(evidence.leaks({ ...secrets, pair: `user:${password}`, text }), [])
})

t.test('nothing secret gets out of a configuration that is wrong', async t => {
  const evidence = new Evidence()
  const wrong = Object.fromEntries(Object.keys(secrets).map(name => [name, `ä ${markedSecret()},,`]))
  const password = markedSecret()
  const environment = variables(testDirectory(t), {
    ...wrong,
    JELOU_API_URL: `https://user:${password}@example.com`,
    PUBLIC_URL: `http://user:${password}@example.com`,
    QUEUE_URL: `amqp://user:${password}@example.com`,
    STATE_URL: `redis://:${password}@example.com`,
  })
  for (const command of ['serve', 'config', 'doctor'])
    t.equal(await evidence.addProcess(command, run(t, environment, [], [command])), 1, command)
  t.strictSame(evidence.leaks({ ...wrong, password }), [])
})
