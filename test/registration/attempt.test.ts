import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Store } from '../../src/state/store.ts'
import type { Kept } from '../../src/registration/kept.ts'
import type { ReplicaTask } from './fixtures/replica-child.ts'
import { freeze } from '../fixtures/freeze.ts'
import { until } from './fixtures/until.ts'
import { createWorld, verifies, WEBHOOK_URL } from './fixtures/world.ts'

t.setTimeout(60_000)

/** Freezes for longer than the lease as soon as this many saves are done. */
function freezeAfter(saves: number, store: Store<Kept>, lease: number): void {
  const save = store.save.bind(store)
  store.save = async (kept, fence) => {
    await save(kept, fence)
    saves -= 1
    if (saves === 0) freeze(lease + 50)
  }
}

void t.test('whoever was frozen for longer than the lease sends nothing more', async t => {
  const lease = 1000
  const cases = [
    { name: 'before the delete', saves: 1, calls: [] },
    { name: 'before the create', saves: 2, calls: ['DELETE'] },
    { name: 'before an update', saves: 0, calls: ['GET', 'GET'], desired: { authorization: 'new' } },
  ] as const
  for (const { name, saves, calls: expected, ...row } of cases) {
    const { simulator, open, register, calls } = await createWorld(t)
    await register()
    const { registrar, store } = await open({ lease, ...row })
    freezeAfter(saves, store, lease)
    let reads = 0
    simulator.hooks.onRequest = method => {
      if (method !== 'GET') return
      reads += 1
      if (reads === 2) freeze(lease + 50)
    }
    if (saves === 0) t.match(await registrar.reconcile(), { kind: 'failed', reason: /ERR_STATE_FENCED/ })
    else await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_UNFINISHED', message: /held by another/ })
    t.same(calls(), expected, name)
    t.equal((await registrar.reconcile()).kind, saves === 0 ? 'updated' : 'rotated', 'the next pass goes on')
    t.ok(verifies(registrar, simulator.integration?.signingSecret))
  }
})

void t.test('the answer to a create that came too late', async t => {
  const rows = [
    { name: 'is kept while nobody else created', secretLost: 'fail', outcome: 'secret_lost', isOurs: true },
    { name: 'is dropped when somebody did', secretLost: 'recreate', outcome: 'recreated', isOurs: false },
  ] as const
  for (const { name, secretLost, outcome, isOurs } of rows) {
    const { simulator, open, endLease, calls } = await createWorld(t)
    const one = await open()
    const two = await open({ secretLost })
    let given: string | undefined
    simulator.hooks.onProcessed = async method => {
      if (method !== 'POST') return
      delete simulator.hooks.onProcessed
      given = simulator.integration?.signingSecret
      endLease()
      t.equal((await two.registrar.reconcile()).kind, outcome)
    }
    t.match(await one.registrar.reconcile(), { kind: 'failed', reason: /ERR_STATE_FENCED/ })
    t.equal(one.registrar.accepted(), null, 'not used before it is kept')
    calls()
    t.equal((await one.registrar.reconcile()).kind, 'unchanged')
    t.same(calls(), ['GET'], 'not created again')
    t.equal((await one.store.load())?.integration?.secret === given, isOurs, name)
    t.ok(verifies(one.registrar, simulator.integration?.signingSecret))
    t.equal(verifies(one.registrar, given), isOurs)
  }
})

void t.test('what another replica wrote meanwhile is not undone at the end either', async t => {
  const { simulator, open, endLease } = await createWorld(t)
  const one = await open()
  const two = await open({ secretLost: 'recreate' })
  simulator.hooks.onProcessed = async method => {
    if (method !== 'POST') return
    delete simulator.hooks.onProcessed
    endLease()
    await two.registrar.reconcile()
  }
  await one.registrar.reconcile()
  await one.registrar.stop()
  t.equal((await one.store.load())?.integration?.secret, simulator.integration?.signingSecret)
  t.same(
    one.lines.filter(({ level }) => level === 'error'),
    [],
  )
})

void t.test('a process that is stopped in the middle of a rotation does nothing when it goes on', async t => {
  const lease = 1000
  const { simulator, baseUrl, directory, open, register } = await createWorld(t)
  await register()
  const old = simulator.integration?.signingSecret
  const { projectId, callers, calls } = simulator
  const desired = { projectId, webhookUrl: WEBHOOK_URL, authType: 'bearer' } as const
  const task: ReplicaTask = { baseUrl, apiKey: callers.apiKey, directory, lease, desired }
  const file = fileURLToPath(new URL('fixtures/replica-child.ts', import.meta.url))
  const deleted = Promise.withResolvers<void>()
  simulator.hooks.onProcessed = method => {
    if (method !== 'DELETE') return
    delete simulator.hooks.onProcessed
    child.kill('SIGSTOP')
    deleted.resolve()
  }
  const command = ['-i', process.execPath, file, JSON.stringify(task)]
  const child = spawn('/usr/bin/env', command, { stdio: 'inherit' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  await deleted.promise

  const { registrar, store } = await open({ shared: true, lease })
  t.ok(verifies(registrar, old))
  t.equal((await registrar.reconcile()).kind, 'rotated', 'another replica finishes it once the lease ran out')
  const secret = simulator.integration?.signingSecret
  const before = calls.length
  child.kill('SIGCONT')
  await until(() => calls.length > before + 2)
  t.same(new Set(calls.slice(before).map(({ method }) => method)), new Set(['GET']))
  t.equal(simulator.integration?.signingSecret, secret)
  t.equal((await store.load())?.integration?.secret, secret)
})
