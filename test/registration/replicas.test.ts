import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { edit } from './fixtures/kept-case.ts'
import { brisk, until } from './fixtures/until.ts'
import { createWorld, verifies, WEBHOOK_URL, type Run } from './fixtures/world.ts'

t.setTimeout(60_000)

const shared = { shared: true, sleep: brisk, interval: 600_000 } as const

void t.test('five that start at once create one integration and one credential', async t => {
  const { simulator, open } = await createWorld(t)
  const replicas = await Promise.all(Array.from({ length: 5 }, () => open(shared)))
  for (const { registrar } of replicas) registrar.start()
  await until(() => replicas.every(({ registrar }) => registrar.status().lastOutcome !== null))
  t.equal(simulator.calls.filter(({ method }) => method !== 'GET').length, 1)
  const { signingSecret, authorization } = simulator.integration ?? {}
  for (const { registrar, fatals } of replicas) {
    t.ok(verifies(registrar, signingSecret))
    t.same(registrar.accepted()?.credentials, [{ authType: 'bearer', authorization }])
    t.equal(registrar.status().phase, 'registered')
    t.same(fatals, [])
  }
  const state = { shared: true, replicas: 5, lastError: null }
  await until(() => replicas.every(({ registrar }) => registrar.status().state.replicas === 5))
  t.same(replicas[0]?.registrar.status().state, state)
  await replicas[4]?.registrar.stop()
  await until(() => replicas[0]?.registrar.status().state.replicas === 4)
})

void t.test('a state of its own is not announced, and says so', async t => {
  const { open } = await createWorld(t)
  const { registrar, backend } = await open()
  await registrar.reconcile()
  t.same(registrar.status().state, { shared: false, replicas: 1, lastError: null })
  t.same(await backend.announce('me', 'mine', 1000), ['mine'])
})

void t.test('what one changes the others learn without being asked', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const [one, two] = await Promise.all([open(shared), open(shared)])
  for (const { registrar } of [one, two]) registrar.start()
  const old = simulator.integration?.signingSecret
  t.equal(await one.registrar.rotate(), 'rotated')
  const secret = simulator.integration?.signingSecret
  await until(() => verifies(two.registrar, secret))
  t.ok(verifies(two.registrar, old), 'the old one still verifies')
  await one.registrar.stop()

  const three = await open({ ...shared, desired: { authorization: 'configured' } })
  t.equal((await three.registrar.reconcile()).kind, 'updated')
  await until(() => JSON.stringify(two.registrar.accepted()?.credentials).includes('configured'))
})

void t.test('a secret that was lost is found as soon as another replica has a new one', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const one = await open({ ...shared, interval: 0 })
  edit({ id: 'foreign', signingSecret: 'not-ours' })(simulator)
  one.registrar.start()
  await until(() => one.registrar.status().phase === 'secret_lost')
  t.equal(one.registrar.accepted(), null)
  const two = await open({ secretLost: 'recreate' })
  t.equal((await two.registrar.reconcile()).kind, 'recreated')
  await until(() => verifies(one.registrar, simulator.integration?.signingSecret))
  t.equal(one.registrar.status().phase, 'registered')
})

void t.test('a state that cannot be read takes nothing away', async t => {
  const { simulator, lock, open, register } = await createWorld(t)
  await register()
  const { registrar, lines } = await open(shared)
  registrar.start()
  await until(() => registrar.status().lastOutcome === 'unchanged')
  const unlock = lock()
  await until(() => registrar.status().state.lastError !== null)
  t.match(registrar.status(), { state: { lastError: /ERR_STATE_UNAVAILABLE.*locked/ } })
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.equal((await registrar.reconcile()).kind, 'failed')
  t.match(registrar.status(), { phase: 'degraded', lastError: /locked/ })
  unlock()
  await until(() => registrar.status().state.lastError === null)
  t.same(
    lines.filter(({ text }) => text.startsWith('The kept state')).map(({ level }) => level),
    ['warn', 'info'],
    'said once',
  )
})

void t.test('a state that was lost is written again by those who remember it', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { registrar, store, backend } = await open({ ...shared, interval: 0 })
  registrar.start()
  await until(() => registrar.status().lastOutcome === 'unchanged')
  const db = new DatabaseSync(backend.location)
  db.exec('DELETE FROM records')
  db.close()
  await until(async () => (await store.load()) !== null)
  t.equal((await store.load())?.integration?.secret, simulator.integration?.signingSecret)
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
})

void t.test('a state that was lost does not bring back what was unregistered', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { registrar, store, backend } = await open({ ...shared, interval: 0 })
  registrar.start()
  await registrar.unregister()
  const db = new DatabaseSync(backend.location)
  db.exec('DELETE FROM records')
  db.close()
  await until(async () => (await store.load()) !== null)
  t.equal((await registrar.reconcile()).kind, 'unregistered')
  t.match(await store.load(), { unregistered: 1_000_000, previousSecrets: [{}] })
  t.equal(simulator.integration, undefined)
})

void t.test('a rotation that nobody goes on with is finished by whoever sees it', async t => {
  const clock = { now: 1_000_000 }
  const { simulator, open, register } = await createWorld(t, clock)
  await register()
  const { registrar, edit } = await open({ ...shared, lease: 1000, interval: 0 })
  registrar.start()
  await until(() => registrar.status().lastOutcome === 'unchanged')
  const old = simulator.integration?.signingSecret
  await edit(kept => ({ ...kept, rotating: clock.now }))
  await until(async () => !(await registrar.refreshed()) && registrar.status().lastOutcome === 'unchanged')
  t.equal(simulator.integration?.signingSecret, old, 'not while its maker may be at it')
  clock.now += 1001
  await until(() => registrar.status().lastOutcome === 'rotated')
  t.not(simulator.integration?.signingSecret, old)
  t.ok(verifies(registrar, old) && verifies(registrar, simulator.integration?.signingSecret))
})

void t.test('a rotation that could not be finished is gone on with at once', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { registrar } = await open({ interval: 600_000 })
  registrar.start()
  await until(() => registrar.status().lastOutcome === 'unchanged')
  simulator.faults.add({ method: 'POST', status: 500, times: 1 })
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_UNFINISHED', message: /500/ })
  await until(() => registrar.status().lastOutcome === 'rotated')
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
})

void t.test('two services that want the webhook for themselves do not fight over it', async t => {
  const { simulator, open } = await createWorld(t)
  const OTHER = 'https://other.example/webhook/jelou'
  const begin = async (webhookUrl: string): Promise<Run> => {
    const run = await open({ ...shared, desired: { webhookUrl } })
    run.registrar.start()
    return run
  }
  const both = await Promise.all([begin(WEBHOOK_URL), begin(OTHER)])
  await until(() => both.every(({ registrar }) => registrar.status().lastOutcome !== null))
  const url = simulator.integration?.webhookUrl
  const [owner, other] = url === OTHER ? both.toReversed() : both
  if (owner === undefined || other === undefined) throw new Error('there are two')
  t.equal(owner.registrar.status().phase, 'registered')
  t.match(other.registrar.status(), { phase: 'conflict', lastOutcome: 'conflict' })
  t.match(other.registrar.status().lastError, WEBHOOK_URL)
  t.match(other.registrar.status().lastError, OTHER)
  t.match(other.lines.at(-1), { level: /error|debug/, text: /leaving it alone/ })
  t.ok(
    verifies(other.registrar, simulator.integration?.signingSecret),
    'what arrives is verified all the same',
  )
  await t.rejects(other.registrar.rotate(), { code: 'ERR_ROTATION_REFUSED', message: /is running/ })
  t.equal((await owner.registrar.reconcile()).kind, 'unchanged')
  t.same(
    simulator.calls.filter(({ method }) => method !== 'GET').map(({ method }) => method),
    ['POST'],
  )

  await owner.registrar.stop()
  await until(() => other.registrar.status().phase === 'registered')
  t.not(simulator.integration?.webhookUrl, url, 'it takes over by itself')
})

void t.test('an address that nobody serves any more is free for the first', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const urls = ['https://a.example/', 'https://b.example/']
  const runs = await Promise.all(urls.map(webhookUrl => open({ ...shared, desired: { webhookUrl } })))
  const outcomes = await Promise.all(runs.map(({ registrar }) => registrar.reconcile()))
  t.same(outcomes.map(({ kind }) => kind).toSorted(), ['conflict', 'updated'])
  t.ok(urls.includes(simulator.integration?.webhookUrl ?? ''))
})
