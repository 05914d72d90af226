import t from 'tap'
import { createWorld, verifies } from './fixtures/world.ts'

/** The lock of the state cannot be given back while the state is away: it has to run out. In ms. */
const LEASE = 1000

void t.test('creates nothing while the state cannot be written', async t => {
  const { lock, open, calls } = await createWorld(t)
  const { registrar } = await open({ lease: LEASE })
  const unlock = lock()
  t.match(await registrar.reconcile(), { kind: 'failed', reason: /ERR_STATE_UNAVAILABLE/ })
  t.same(calls(), [])
  t.match(registrar.status(), { phase: 'starting', lastError: /locked/ })
  unlock?.()
  t.equal((await registrar.reconcile()).kind, 'created')
})

void t.test('a create that was never sent leaves no doubt about the kept secret', async t => {
  const { simulator, lock, open, register, calls } = await createWorld(t)
  await register()
  const { registrar } = await open({ lease: LEASE })
  let unlock: (() => void) | undefined
  simulator.faults.add({ method: 'GET', status: 404, times: 1 })
  simulator.hooks.onRequest = () => {
    unlock = lock()
  }
  t.equal((await registrar.reconcile()).kind, 'failed')
  delete simulator.hooks.onRequest
  unlock?.()
  t.equal((await registrar.reconcile()).kind, 'unchanged')
  t.same(calls(), ['GET', 'GET'])
})

void t.test('a first secret that cannot be written is held until it can, and not used before', async t => {
  const { simulator, lock, open, calls } = await createWorld(t)
  const { registrar, store } = await open({ lease: LEASE })
  let unlock: (() => void) | undefined
  simulator.hooks.onProcessed = () => {
    unlock = lock()
  }
  t.equal((await registrar.reconcile()).kind, 'failed')
  t.equal(registrar.accepted(), null)
  t.equal((await registrar.reconcile()).kind, 'failed')
  t.same(calls(), ['POST'], 'and not created twice')
  t.equal(registrar.status().phase, 'starting')
  unlock?.()
  delete simulator.hooks.onProcessed
  t.equal((await registrar.reconcile()).kind, 'unchanged')
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.equal((await store.load())?.integration?.secret, simulator.integration?.signingSecret)
})

void t.test('a new secret that cannot be written verifies beside the old one', async t => {
  const { simulator, lock, open, register } = await createWorld(t)
  await register()
  const old = simulator.integration?.signingSecret
  simulator.integrations.clear()
  const { registrar, store, lines } = await open({ lease: LEASE })
  let unlock: (() => void) | undefined
  simulator.hooks.onProcessed = method => {
    if (method === 'POST') unlock = lock()
  }
  t.equal((await registrar.reconcile()).kind, 'failed')
  t.ok(verifies(registrar, old))
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.equal(registrar.status().phase, 'degraded')
  unlock?.()
  await registrar.stop()
  t.equal(
    (await store.load())?.integration?.secret,
    simulator.integration?.signingSecret,
    'stop tries once more',
  )
  t.same(
    lines.filter(({ level }) => level === 'error'),
    [],
  )
})

void t.test('a new secret that can never be written is reported', async t => {
  const { simulator, lock, open } = await createWorld(t)
  const { registrar, lines } = await open({ lease: LEASE })
  simulator.hooks.onProcessed = () => void lock()
  await registrar.reconcile()
  await registrar.stop()
  t.match(lines.at(-1), { level: 'error', fields: { reason: /locked/ }, text: /is lost/ })
})
