import t from 'tap'
import { createWorld, DAY, verifies, WEBHOOK_URL } from './fixtures/world.ts'

void t.test('a replaced secret verifies for the window, a replaced credential for a minute', async t => {
  const clock = { now: 1_000_000 }
  const { simulator, open, register } = await createWorld(t, clock)
  await register()
  const first = simulator.integration
  const old = { authType: 'bearer', authorization: first?.authorization } as const
  simulator.integrations.clear()
  const { registrar, store } = await open()
  await registrar.reconcile()
  t.same(registrar.status().previousSecrets, 1)
  await registrar.stop()
  await store.close()

  const desired = { authType: 'basic', authorization: 'user:password' } as const
  const next = await open({ desired })
  t.same(next.registrar.accepted()?.credentials, [desired, old], 'both until the update is confirmed')
  t.equal((await next.registrar.reconcile()).kind, 'updated')
  t.same(next.registrar.accepted()?.credentials, [desired, old], 'the old one for deliveries under way')
  const cached = next.registrar.accepted()
  clock.now += 59_999
  t.equal(next.registrar.accepted(), cached, 'not made anew for every request')
  clock.now += 1
  t.same(next.registrar.accepted()?.credentials, [desired])
  t.ok(verifies(next.registrar, first?.signingSecret), 'the old secret')
  clock.now += DAY - 60_000
  t.notOk(verifies(next.registrar, first?.signingSecret), 'the old secret after the window')
  t.ok(verifies(next.registrar, simulator.integration?.signingSecret))
  t.equal(next.registrar.status().previousSecrets, 0)
})

void t.test('an old credential goes with the secret of its integration', async t => {
  const clock = { now: 1_000_000 }
  const { simulator, open, register } = await createWorld(t, clock)
  await register()
  const token = simulator.integration?.authorization
  simulator.integrations.clear()
  const { registrar } = await open({ desired: { authorization: 'configured' }, graceWindow: DAY })
  t.equal((await registrar.reconcile()).kind, 'replaced')
  const both = [
    { authType: 'bearer', authorization: 'configured' },
    { authType: 'bearer', authorization: token },
  ]
  clock.now += DAY - 1
  t.same(registrar.accepted()?.credentials, both)
  clock.now += 1
  t.same(registrar.accepted()?.credentials, both.slice(0, 1))
  simulator.integrations.clear()
  await registrar.reconcile()
  t.equal(registrar.status().previousSecrets, 1, 'what expired is not kept any longer')
})

void t.test('a generated credential is made once and kept', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register({ desired: { authType: 'basic' } })
  const authorization = simulator.integration?.authorization
  t.match(authorization, /^jelou:[\w-]{43}$/)
  const { registrar } = await open({ desired: { authType: 'basic' } })
  t.same(registrar.accepted()?.credentials, [{ authType: 'basic', authorization }])
  t.equal((await registrar.reconcile()).kind, 'unchanged')
})

void t.test('configured secrets register nothing', async t => {
  const { calls, open } = await createWorld(t)
  const first = await open({ api: null, staticSecrets: ['one', 'two'] })
  t.ok(verifies(first.registrar, 'one') && verifies(first.registrar, 'two'))
  const credentials = first.registrar.accepted()?.credentials
  t.match(credentials, [{ authType: 'bearer', authorization: /^[\w-]{43}$/ }])
  first.registrar.start()
  t.same(await first.registrar.reconcile(), { kind: 'unchanged' })
  t.match(first.registrar.status(), {
    phase: 'static',
    secretSince: null,
    lastOutcome: null,
    previousSecrets: 0,
  })
  await first.registrar.stop()
  await first.store.close()
  const second = await open({ staticSecrets: ['one'] })
  t.same(second.registrar.accepted()?.credentials, credentials, 'the generated credential is kept')
  second.registrar.start()
  await second.registrar.stop()
  t.same(calls(), [])
})

void t.test('a secret lost while running is answered with 503 until it is ours again', async t => {
  const { simulator, calls, open, register } = await createWorld(t)
  await register()
  const { registrar, fatals } = await open()
  await registrar.reconcile()
  calls()
  // The create reaches Jelou, its answer does not reach us.
  simulator.integrations.clear()
  simulator.faults.add({ method: 'POST', when: 'after', cut: true, times: 1 })
  t.equal((await registrar.reconcile()).kind, 'unavailable')
  t.equal(registrar.status().phase, 'degraded')
  t.equal((await registrar.reconcile()).kind, 'secret_lost')
  t.match(registrar.status(), { phase: 'secret_lost', lastError: /interrupted/ })
  t.equal(registrar.accepted(), null)
  simulator.faults.add({ status: 500, times: 1 })
  t.equal((await registrar.reconcile()).kind, 'unavailable')
  t.equal(registrar.status().phase, 'secret_lost', 'not knowing does not bring it back')
  t.equal(registrar.accepted(), null)
  simulator.integrations.clear()
  t.equal((await registrar.reconcile()).kind, 'replaced')
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.equal(registrar.status().phase, 'registered')
  t.same(fatals, [])
})

void t.test('a lost secret ends a start even when Jelou could not say so at first', async t => {
  const { simulator, open } = await createWorld(t)
  simulator.faults.add({ method: 'POST', when: 'after', cut: true, times: 1 })
  const { registrar, fatals } = await open()
  await registrar.reconcile()
  t.same(fatals, [])
  t.equal((await registrar.reconcile()).kind, 'secret_lost')
  t.match(fatals, [{ code: 'ERR_SECRET_LOST', message: /interrupted/ }])
  await registrar.reconcile()
  t.equal(fatals.length, 1, 'said once')
})

void t.test('a deleted integration that comes back without a secret is not deleted again', async t => {
  const { simulator, calls, open, api } = await createWorld(t)
  await api.create({ webhookUrl: WEBHOOK_URL, authType: 'no_auth' })
  calls()
  simulator.behaviour.secondCreate = 'no-secret'
  const { projectId, integration } = simulator
  simulator.hooks.onProcessed = method => {
    if (method === 'DELETE' && integration !== undefined) simulator.integrations.set(projectId, integration)
  }
  const { registrar, fatals } = await open({ secretLost: 'recreate' })
  t.equal((await registrar.reconcile()).kind, 'rejected')
  t.same(calls(), ['POST', 'DELETE', 'POST'])
  t.equal((await registrar.reconcile()).kind, 'rejected')
  t.equal(fatals.length, 1, 'said once')
  t.match(fatals, [
    { code: 'ERR_REGISTRATION_REJECTED', message: /without a signing secret.*JELOU_SIGNING_SECRET/ },
  ])
})

void t.test('what it says holds no secret', async t => {
  const { simulator, open } = await createWorld(t)
  simulator.faults.add({ method: 'POST', status: 500, times: 1 })
  const { registrar, lines } = await open({ desired: { authorization: 'the-credential' } })
  await registrar.reconcile()
  await registrar.reconcile()
  const said = JSON.stringify([lines, registrar.status()])
  for (const secret of ['the-credential', simulator.integration?.signingSecret ?? '']) {
    t.notOk(said.includes(secret))
  }
  t.match(registrar.status(), {
    phase: 'registered',
    webhookUrl: WEBHOOK_URL,
    authType: 'bearer',
    secretSince: 1_000_000,
    lastReconciledAt: 1_000_000,
    lastOutcome: 'created',
    lastError: null,
    reconciles: { created: 1, unavailable: 1, unchanged: 0 },
    integrationId: simulator.integration?.id,
  })
})
