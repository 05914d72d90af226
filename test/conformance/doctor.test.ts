import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { startRedis } from '../brokers/redis.ts'
import { freePort } from '../brokers/server.ts'
import { call } from './http.ts'
import { ready, run, start, startReady, stop, variables, type Service, type Variables } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

/** A machine under load takes its time to start a process. */
t.setTimeout(180_000)

const results = z.array(
  z.object({ name: z.string(), status: z.string(), detail: z.string(), advice: z.string().optional() }),
)
type Results = Map<string, z.infer<typeof results>[number]>

const CLOCK_BEHIND = new URL('fixtures/clock-behind.ts', import.meta.url).href

/** A simulated Jelou, and a service that is registered with it at an address that is known before. */
async function world(t: Test, more: Record<string, string> = {}) {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const port = String(await freePort())
  const environment = variables(testDirectory(t), {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    PORT: port,
    RECONCILE_INTERVAL: '1s',
    ...more,
  })
  return { jelou, environment }
}

/** What `doctor` says, by the names of the checks; its exit status tells whether something is wrong. */
async function diagnose(
  t: Test,
  environment: Variables,
  { adminUrl, nodeOptions = [] }: { adminUrl?: string; nodeOptions?: string[] } = {},
): Promise<Results> {
  const at = adminUrl === undefined ? [] : ['--url', adminUrl]
  const doctor = run(t, environment, nodeOptions, ['doctor', '--json', ...at])
  const status = await doctor.exited
  const found = results.parse(JSON.parse(doctor.output()))
  t.equal(status, found.some(result => result.status === 'wrong') ? 1 : 0, 'the exit status')
  t.notMatch(doctor.output(), environment['JELOU_API_KEY'] ?? '', 'no secret')
  return new Map(found.map(result => [result.name, result]))
}

/** The names of the checks that found something wrong. */
function wrongIn(found: Results): string[] {
  return [...found.values()].filter(({ status }) => status === 'wrong').map(({ name }) => name)
}

/** What the running service itself says of its troubles: to everybody, to Prometheus, and (once) in its log. */
async function warned(t: Test, service: Service, name: string, shown: RegExp): Promise<void> {
  const metric = `jelou_receiver_warning{check="${name}"} `
  const isWarned = async () => (await call(`${service.adminUrl}/metrics`)).text.includes(`${metric}1\n`)
  while (!(await isWarned())) await sleep(50)
  const { status, body } = await readiness(service)
  t.equal(status, 200, 'events are taken all the same')
  t.match(body, { warnings: { [name]: shown } })
  t.match(JSON.parse((await call(`${service.adminUrl}/status`)).text), { warnings: { [name]: /\w/ } })
}

async function readiness({ publicUrl }: Service): Promise<{ status: number; body: unknown }> {
  const { status, text } = await call(`${publicUrl}/readyz`)
  return { status, body: JSON.parse(text) }
}

async function logged(service: Service, pattern: RegExp): Promise<void> {
  while (!pattern.test(service.output())) await sleep(20)
}

t.test('a service that is well, the credentials, and the URL', async t => {
  const { jelou, environment } = await world(t)
  const service = await startReady(t, environment)
  const { adminUrl } = service
  const well = await diagnose(t, environment, { adminUrl })
  t.same(wrongIn(well), [])
  for (const name of ['clock', 'jelou', 'webhook', 'data-dir', 'queue', 'state', 'service', 'registration'])
    t.equal(well.get(name)?.status, 'ok', name)

  await t.test('a PUBLIC_URL that leads nowhere', async t => {
    const PUBLIC_URL = `http://127.0.0.1:${await freePort()}`
    const found = await diagnose(t, { ...environment, PUBLIC_URL }, { adminUrl })
    t.same(wrongIn(found), ['public-url'])
    t.match(found.get('public-url'), { detail: /ECONNREFUSED/, advice: /host and port/ })
    t.match(found.get('webhook'), { status: 'warning', detail: new RegExp(`and here it is ${PUBLIC_URL}/`) })
  })

  await t.test('credentials that Jelou takes no more', async t => {
    jelou.callers.apiKey = 'another-key'
    await logged(service, /"outcome":"refused","reason":"401 /)
    const found = await diagnose(t, environment, { adminUrl })
    t.same(wrongIn(found), ['jelou'])
    t.match(found.get('jelou'), { detail: /refuses the credentials: 401/, advice: /JELOU_API_KEY/ })
    t.match(found.get('registration'), { status: 'warning', detail: /^degraded: 401/ })
    await warned(t, service, 'registration', /degraded/)
  })

  t.equal(await stop(service), 0)
  const away = await diagnose(t, environment, { adminUrl })
  t.match(away.get('service'), { status: 'skipped', detail: /ECONNREFUSED/ })
  t.match(away.get('public-url'), { status: 'wrong' })
})

t.test('a running service that is not reached at its PUBLIC_URL', async t => {
  const { environment } = await world(t, { PUBLIC_URL: `https://0.0.0.0:${await freePort()}` })
  const service = { ...(await start(t, environment)), publicUrl: `http://127.0.0.1:${environment['PORT']}` }
  await ready(service)
  await warned(t, service, 'public-url', /not reached/)
  await warned(t, service, 'certificate', /not trusted/)
  await logged(
    service,
    /"check":"public-url","detail":".*ECONNREFUSED.*something around the service is not right/,
  )
  const found = await diagnose(t, environment, { adminUrl: service.adminUrl })
  t.same(wrongIn(found), ['public-url', 'certificate'])
})

const IN_MEMORY = '/dev/shm'
const noMemory = existsSync(IN_MEMORY) ? false : `there is no ${IN_MEMORY}`

t.test('the disk: one that a restart empties', { skip: noMemory }, async t => {
  const directory = mkdtempSync(join(IN_MEMORY, 'doctor-test-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const { environment } = await world(t, { DATA_DIR: join(directory, 'data') })
  const service = await startReady(t, environment)
  await warned(t, service, 'disk', /none for a queue/)
  await logged(service, /"check":"disk","detail":".* is in memory.*something around the service is not right/)
  const found = await diagnose(t, environment, { adminUrl: service.adminUrl })
  t.match(found.get('disk'), { status: 'warning', detail: /is in memory/ })
  t.equal(await stop(service), 0)
})

t.test('credentials that Jelou never took', async t => {
  const { environment } = await world(t, { JELOU_API_KEY: 'not-the-key' })
  const service = run(t, environment)
  t.equal(await service.exited, 1)
  t.match(service.output(), /ERR_REGISTRATION_REJECTED.*401.*Check JELOU_API_KEY/s)
  const found = await diagnose(t, environment)
  t.match(found.get('jelou'), { status: 'wrong', detail: /credentials/ })
})

t.test('the disk: a state that others can read', async t => {
  const { environment } = await world(t)
  t.equal(await stop(await startReady(t, environment)), 0)
  const state = join(environment.DATA_DIR, 'state.sqlite')
  chmodSync(state, 0o644)
  const found = await diagnose(t, environment)
  t.match(found.get('data-dir'), {
    status: 'wrong',
    detail: `others can reach ${state} (mode 644)`,
    advice: `run chmod 600 ${state}`,
  })
  t.match(found.get('state'), { status: 'wrong', detail: /Others can reach/ })
  const again = run(t, environment)
  t.equal(await again.exited, 1)
  t.match(again.output(), /Others can reach .*state\.sqlite \(mode 644\): run chmod 600/)
})

t.test('the disk: a DATA_DIR that is none', async t => {
  const { environment } = await world(t)
  writeFileSync(environment.DATA_DIR, '')
  const found = await diagnose(t, environment)
  t.match(found.get('data-dir'), { status: 'wrong', detail: `${environment.DATA_DIR} is not a directory` })
  const service = run(t, environment)
  t.equal(await service.exited, 1)
  t.match(service.output(), /cannot be used: EEXIST/)
})

t.test('the clock', async t => {
  const { jelou, environment } = await world(t, { MAX_EVENT_AGE: '10m' })
  const nodeOptions = ['--import', CLOCK_BEHIND]
  const service = await start(t, environment, nodeOptions)
  await ready(service)
  await warned(t, service, 'clock', /differs/)
  await logged(
    service,
    /"check":"clock","detail":".*behind that of Jelou.*something around the service is not right/,
  )
  const { adminUrl } = service
  const found = await diagnose(t, environment, { adminUrl, nodeOptions })
  t.same(wrongIn(found), ['clock'])
  t.match(found.get('clock'), { detail: /clock is 3[56]\d\d s behind that of Jelou/, advice: /chrony/ })

  const old = jelou.event('text')
  t.match(await jelou.send(JSON.stringify({ ...old, timestamp: Date.now() - 7_200_000 })), { status: 422 })
  await logged(service, /"check":"ERR_EVENT_TOO_OLD"/)
  t.match(await readiness(service), { status: 200 })
})

const redis = await startRedis(t)

t.test('the broker', { skip: redis?.process ? false : 'there is no redis that may be killed' }, async t => {
  const { jelou, environment } = await world(t, { QUEUE_URL: `redis://127.0.0.1:${redis?.port}` })
  const service = await startReady(t, environment)
  const { adminUrl } = service
  const well = await diagnose(t, environment, { adminUrl })
  t.same(wrongIn(well), [])
  t.match(well.get('queue'), { status: 'ok', detail: /^redis answers/ })

  await redis?.process?.kill()
  t.match(await jelou.send(jelou.event('text')), { status: 200 })
  await logged(service, /the queue is away: events are kept on this machine/)
  const found = await diagnose(t, environment, { adminUrl })
  t.same(wrongIn(found), ['queue', 'delivery'])
  t.match(found.get('queue'), { detail: /ECONNREFUSED/ })
  t.match(found.get('delivery'), { detail: /^redis is away .*: 1 events wait in the spool$/ })
  await warned(t, service, 'broker', /away/)

  await redis?.process?.start()
  await logged(service, /the queue takes events again/)
  t.same(wrongIn(await diagnose(t, environment, { adminUrl })), [])
})
