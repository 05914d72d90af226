import { readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { call, signed } from './http.ts'
import { ready, run, start, startReady, stop, variables, type Service, type Variables } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.setTimeout(180_000)

/** A simulated Jelou and the environment of a service that registers with it. */
async function setUp(t: Test, options: SimulatorOptions = {}) {
  const jelou = createSimulator(options)
  t.teardown(() => jelou.close())
  const url = await jelou.listen()
  const environment = variables(testDirectory(t), { JELOU_API_URL: url, JELOU_API_KEY: jelou.callers.apiKey })
  return { jelou, environment, port: Number(new URL(url).port) }
}

/** Sends a signed event with the credential that is registered, wherever the service listens now. */
function sendTo({ webhookUrl }: Service, { integration }: Simulator, text: string) {
  const body = JSON.stringify({ event: 'foo.bar', text })
  const headers = signed(body, integration?.signingSecret ?? '', integration?.authorization ?? '')
  return call(webhookUrl, { method: 'POST', headers, body })
}

async function register(t: Test, environment: Variables): Promise<void> {
  t.equal(await stop(await startReady(t, environment)), 0)
}

t.test('registers its own address and a credential that it made, and is ready', async t => {
  const { jelou, environment } = await setUp(t)
  const service = await startReady(t, environment)
  t.match(jelou.integration, {
    webhookUrl: service.webhookUrl,
    authType: 'bearer',
    authorization: /^[\w-]{43}$/,
  })
  t.strictSame(
    jelou.calls.map(({ method }) => method),
    ['POST'],
  )
  t.strictSame(JSON.parse((await call(`${service.publicUrl}/readyz`)).text), {
    status: 'ready',
    checks: { secret: 'ok', queue: 'ok', draining: 'ok' },
  })
  t.equal((await jelou.send(jelou.event('text'))).status, 200)
  t.match(JSON.parse((await jelou.send(jelou.event('text'), { signature: 'forged' })).body), {
    statusCode: 401,
    code: 'ERR_SIGNATURE_INVALID',
  })
  t.equal(await stop(service), 0)
})

t.test('stays up while Jelou is down, and is ready once it is back', async t => {
  const { jelou, environment, port } = await setUp(t)
  await jelou.close()
  const service = await start(t, environment)
  await service.logged('No usable answer from Jelou about the registration: trying again')

  const probe = await call(`${service.publicUrl}/readyz`)
  t.equal(probe.status, 503)
  const { status, checks } = JSON.parse(probe.text)
  t.equal(status, 'not ready')
  t.match(checks, { secret: /not registered/, queue: 'ok', draining: 'ok' })
  t.equal((await call(`${service.publicUrl}/healthz`)).status, 200)
  const refused = await sendTo(service, jelou, 'too early')
  t.equal(refused.status, 503)
  t.match(refused.headers, { 'retry-after': /^\d+$/ })
  t.match(JSON.parse(refused.text), { code: 'ERR_NOT_REGISTERED' })

  await jelou.listen({ port })
  await ready(service)
  t.equal((await sendTo(service, jelou, 'in time')).status, 200)
  t.equal(await stop(service), 0)
})

t.test("ends with 1 and Jelou's own reason when Jelou refuses the credentials", async t => {
  const { jelou, environment } = await setUp(t)
  const service = run(t, { ...environment, JELOU_API_KEY: 'another-key' })
  t.equal(await service.exited, 1)
  t.match(service.output(), '401 Unauthorized: Unauthorized')
  t.match(service.output(), 'Check JELOU_API_KEY')
  t.notMatch(service.output(), 'another-key')
  t.equal(jelou.calls.length, 1)
})

for (const secondCreate of [409, 'no-secret'] as const) {
  t.test(`an integration whose secret is lost, second create ${secondCreate}`, async t => {
    const { jelou, environment } = await setUp(t, { secondCreate })
    await register(t, environment)
    const lost = { ...environment, DATA_DIR: join(t.testdirName, 'new-data') }
    const before = jelou.integration

    const failing = run(t, lost)
    t.equal(await failing.exited, 1)
    t.match(failing.output(), 'ERR_SECRET_LOST')
    t.match(failing.output(), 'give the secret as JELOU_SIGNING_SECRET')
    t.match(failing.output(), 'set JELOU_SECRET_LOST=recreate')
    t.equal(jelou.integration, before, 'nothing was changed at Jelou')

    const service = await startReady(t, { ...lost, JELOU_SECRET_LOST: 'recreate' })
    t.not(jelou.integration?.id, before?.id)
    t.equal((await sendTo(service, jelou, 'after')).status, 200)
    t.equal(await stop(service), 0)
  })
}

t.test('the kept secret verifies from the start, before Jelou can be asked', async t => {
  const { jelou, environment, port } = await setUp(t)
  await register(t, environment)
  const { signingSecret } = jelou.integration ?? {}
  jelou.faults.add({ method: 'GET', delay: 60_000 })
  const early = await start(t, environment)
  t.equal(
    (await call(`${early.publicUrl}/readyz`)).status,
    200,
    'ready while the first call to Jelou is under way',
  )
  t.equal((await sendTo(early, jelou, 'before the answer')).status, 200)
  t.equal(await stop(early, 'SIGKILL'), null)

  jelou.faults.clear()
  await jelou.close()
  const service = await start(t, environment)
  t.equal((await call(`${service.publicUrl}/readyz`)).status, 200)
  t.equal((await sendTo(service, jelou, 'without Jelou')).status, 200)

  await jelou.listen({ port })
  while (jelou.integration?.webhookUrl !== service.webhookUrl) await sleep(20)
  t.equal(
    jelou.integration.signingSecret,
    signingSecret,
    'the new address was registered, not a new integration',
  )
  t.equal(await stop(service), 0)
})

t.test('without the key of the kept secret it ends with 1, and the state stays as it is', async t => {
  const { jelou, environment } = await setUp(t)
  const key = { STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64') }
  await register(t, { ...environment, ...key })
  const file = join(environment.DATA_DIR, 'state.sqlite')
  const before = readFileSync(file)
  const calls = jelou.calls.length

  for (const wrong of [{}, { STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64') }]) {
    const service = run(t, { ...environment, ...wrong })
    t.equal(await service.exited, 1)
    t.match(service.output(), 'ERR_STATE_KEY')
    t.match(service.output(), 'STATE_ENCRYPTION_KEY')
    t.ok(readFileSync(file).equals(before))
  }
  t.equal(jelou.calls.length, calls, 'Jelou was not asked')
  const service = await startReady(t, { ...environment, ...key })
  t.equal((await sendTo(service, jelou, 'with the key')).status, 200)
  t.equal(await stop(service), 0)
})
