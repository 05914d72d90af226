import t from 'tap'
import type { RegistrationPhase } from '../../src/registration/status.ts'
import type { Fault } from '../../src/simulator/faults.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { edit, remove } from './fixtures/kept-case.ts'
import { createWorld, DAY, verifies, WEBHOOK_URL } from './fixtures/world.ts'

/** A secret is kept, and somebody asks that Jelou has the integration no more. `again`: what the next pass does by itself. */
type Case = {
  name: string
  disturb?: (simulator: Simulator) => void
  faults?: Fault[]
  calls: string[]
  /** Jelou has it still, although it said otherwise. */
  remains?: true
  code?: 'ERR_UNREGISTER_REFUSED' | 'ERR_UNREGISTER_UNFINISHED'
  phase: RegistrationPhase
  again: { calls: readonly string[]; outcome: string }
}

const done = { phase: 'unregistered', again: { calls: [], outcome: 'unregistered' } } as const
const goesOn = {
  code: 'ERR_UNREGISTER_UNFINISHED',
  phase: 'degraded',
  again: { calls: ['GET', 'DELETE'], outcome: 'unregistered' },
} as const
const refused = {
  code: 'ERR_UNREGISTER_REFUSED',
  phase: 'degraded',
  again: { calls: ['GET'], outcome: 'unchanged' },
} as const

const cases: Case[] = [
  { name: 'as configured', calls: ['GET', 'DELETE'], ...done },
  { name: 'the integration is gone', disturb: remove, calls: ['GET'], ...done },
  {
    name: 'it goes between the read and the delete',
    faults: [{ method: 'DELETE', status: 404, times: 1 }],
    remains: true,
    calls: ['GET', 'DELETE'],
    ...done,
  },
  {
    name: 'no answer to the read',
    faults: [{ method: 'GET', status: 500, times: 1 }],
    calls: ['GET'],
    ...goesOn,
  },
  {
    name: 'no answer to the delete',
    faults: [{ method: 'DELETE', status: 500, times: 1 }],
    calls: ['GET', 'DELETE'],
    ...goesOn,
  },
  {
    name: 'the answer to the delete is lost',
    faults: [{ method: 'DELETE', cut: true, when: 'after', times: 1 }],
    calls: ['GET', 'DELETE'],
    ...goesOn,
    again: { calls: ['GET'], outcome: 'unregistered' },
  },
  {
    name: 'a web page says 404 to both',
    faults: [{ status: 404, body: 'html', times: 2 }],
    calls: ['GET', 'DELETE'],
    ...refused,
  },
  {
    name: 'the delete is refused',
    faults: [{ method: 'DELETE', status: 403, times: 1 }],
    calls: ['GET', 'DELETE'],
    ...refused,
  },
  {
    name: 'the webhook at Jelou is that of somebody else',
    disturb: edit({ webhookUrl: 'https://other.example/webhook' }),
    calls: ['GET'],
    ...refused,
    again: { calls: ['GET', 'GET', 'PATCH'], outcome: 'updated' },
  },
]

for (const row of cases) {
  void t.test(row.name, async t => {
    const { simulator, calls, open, register } = await createWorld(t)
    await register()
    const secret = simulator.integration?.signingSecret
    row.disturb?.(simulator)
    for (const fault of row.faults ?? []) simulator.faults.add(fault)
    const { registrar, store, fatals } = await open()
    if (row.code === undefined) t.equal(await registrar.unregister(), 'unregistered')
    else await t.rejects(registrar.unregister(), { code: row.code })
    t.same(calls(), row.calls)
    t.equal(registrar.status().phase, row.phase)
    t.ok(verifies(registrar, secret), 'for events on their way')

    t.equal((await registrar.reconcile()).kind, row.again.outcome)
    t.same(calls(), row.again.calls)
    const isOver = row.again.outcome === 'unregistered'
    t.equal(registrar.status().phase, isOver ? 'unregistered' : 'registered')
    t.equal(simulator.integration === undefined, isOver && row.remains === undefined)
    t.match(await store.load(), { unregistered: isOver ? 1_000_000 : undefined, createPending: undefined })
    t.same(fatals, [])
  })
}

void t.test('it stays so after a restart, until somebody asks to register', async t => {
  const clock = { now: 1_000_000 }
  const { simulator, calls, open, register } = await createWorld(t, clock)
  await register()
  const old = simulator.integration
  const before = await open()
  await before.registrar.unregister()
  t.equal(
    before.lines.at(-1)?.text,
    'Unregistered on request: Jelou sends no events until somebody asks to register again',
  )
  t.ok(before.lines.some(({ text }) => text === 'Deleted the integration on request'))
  await before.registrar.stop()
  calls()

  const { registrar, store, lines } = await open()
  t.ok(verifies(registrar, old?.signingSecret))
  t.match(registrar.accepted()?.credentials, [{ authorization: old?.authorization }])
  t.equal((await registrar.reconcile()).kind, 'unregistered')
  t.match(registrar.status(), { phase: 'unregistered', secretSince: null, lastError: null })
  t.equal(registrar.status().lastReconciledAt, null, 'Jelou has nothing of what is configured')
  t.equal(await registrar.unregister(), 'unregistered', 'twice is as good as once')
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_REFUSED', message: /unregistered on request/ })
  for (const _ of [1, 2]) t.equal((await registrar.reconcile()).kind, 'unregistered')
  const said = lines.filter(({ fields }) => fields['outcome'] === 'unregistered').map(({ level }) => level)
  t.same(said, ['info', 'debug', 'info', 'debug'], 'said once, and again after something else')
  t.same(calls(), [])
  clock.now += DAY
  t.equal(registrar.accepted(), null, 'nothing is on its way any more')

  t.equal(await registrar.register(), 'created')
  t.same(calls(), ['POST'])
  t.equal(registrar.status().phase, 'registered')
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.match(await store.load(), { unregistered: undefined, previousSecrets: [] })
})

void t.test('what was about to be unregistered can be registered again', async t => {
  const { simulator, calls, open, register } = await createWorld(t)
  await register()
  simulator.faults.add({ method: 'DELETE', status: 500, times: 1 })
  const { registrar } = await open()
  await t.rejects(registrar.unregister(), { code: 'ERR_UNREGISTER_UNFINISHED', message: /500/ })
  calls()
  t.equal(await registrar.register(), 'unchanged')
  t.same(calls(), ['GET'])
  t.equal((await registrar.reconcile()).kind, 'unchanged')
})

void t.test('what was about to be unregistered gets no new secret', async t => {
  const { simulator, calls, open, register } = await createWorld(t)
  await register()
  simulator.faults.add({ method: 'DELETE', status: 500, times: 1 })
  const { registrar } = await open()
  await t.rejects(registrar.unregister(), { code: 'ERR_UNREGISTER_UNFINISHED', message: /500/ })
  calls()
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_REFUSED', message: /unregistered on request/ })
  t.same(calls(), [])
  t.equal((await registrar.reconcile()).kind, 'unregistered', 'and goes on by itself')
})

void t.test('a rotation that is under way gives way', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  simulator.faults.add({ method: 'DELETE', status: 500, times: 1 })
  const { registrar, store } = await open()
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_UNFINISHED' })
  t.equal(await registrar.unregister(), 'unregistered')
  t.match(await store.load(), { rotating: undefined, integration: undefined })
})

void t.test('without a secret, only what has this webhook, or a create of ours, is deleted', async t => {
  const cases = [
    { webhookUrl: WEBHOOK_URL, calls: ['GET', 'DELETE'], outcome: 'unregistered' },
    { webhookUrl: 'https://other.example/', calls: ['GET'], outcome: 'refused' },
  ]
  for (const { webhookUrl, calls: expected, outcome } of cases) {
    const { api, calls, open } = await createWorld(t)
    await api.create({ webhookUrl, authType: 'no_auth' })
    calls()
    const { registrar } = await open()
    const ended = await registrar.unregister().catch((error: Error) => error)
    t.match(
      ended,
      outcome === 'refused' ? { code: 'ERR_UNREGISTER_REFUSED', message: /other\.example/ } : outcome,
    )
    t.same(calls(), expected)
  }
})

void t.test('an integration that does not tell its webhook is ours when we made one', async t => {
  for (const isKept of [true, false]) {
    const { simulator, api, open, register } = await createWorld(t)
    if (isKept) await register()
    else await api.create({ webhookUrl: WEBHOOK_URL, authType: 'no_auth' })
    edit({ webhookUrl: '' })(simulator)
    const { registrar } = await open()
    if (isKept) t.equal(await registrar.unregister(), 'unregistered')
    else
      await t.rejects(registrar.unregister(), {
        code: 'ERR_UNREGISTER_REFUSED',
        message: /an unknown webhook registered/,
      })
  }
})

void t.test('with a configured secret there is nothing to register or unregister', async t => {
  const { calls, open } = await createWorld(t)
  const { registrar } = await open({ api: null, staticSecrets: ['one'] })
  const why = { message: /JELOU_SIGNING_SECRET/ }
  await t.rejects(registrar.register(), { code: 'ERR_REGISTER_REFUSED', ...why })
  await t.rejects(registrar.unregister(), { code: 'ERR_UNREGISTER_REFUSED', ...why })
  t.same(calls(), [])
})

void t.test('a registration that is not possible now says so', async t => {
  const { simulator, open } = await createWorld(t)
  simulator.faults.add({ method: 'POST', status: 500, times: 1 })
  const { registrar } = await open()
  await t.rejects(registrar.register(), { code: 'ERR_REGISTER_UNFINISHED', message: /500/ })
  t.equal(await registrar.register(), 'created')
})

void t.test('a replica that did not hear of it yet does not undo it', async t => {
  const { simulator, calls, open, register } = await createWorld(t)
  await register()
  const one = await open({ shared: true })
  const other = await open({ shared: true })
  t.equal((await other.registrar.reconcile()).kind, 'unchanged')
  t.equal(await one.registrar.unregister(), 'unregistered')
  calls()
  t.equal((await other.registrar.reconcile()).kind, 'unregistered')
  t.same(calls(), ['GET'], 'it finds nothing at Jelou, and then why')
  t.match(other.registrar.status(), { phase: 'unregistered' })
  t.equal(simulator.integration, undefined)

  t.equal(await other.registrar.register(), 'created')
  await one.registrar.refreshed()
  t.match(one.registrar.status(), { phase: 'registered' })
  t.ok(verifies(one.registrar, simulator.integration?.signingSecret))
  t.equal(await other.registrar.unregister(), 'unregistered')
  await one.registrar.refreshed()
  t.match(one.registrar.status(), { phase: 'unregistered' })
})
