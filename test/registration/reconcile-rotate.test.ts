import t from 'tap'
import type { Fault } from '../../src/simulator/faults.ts'
import type { Behaviour } from '../../src/simulator/integrations.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { RegistrationPhase } from '../../src/registration/status.ts'
import { edit, remove } from './fixtures/kept-case.ts'
import { createWorld, verifies, WEBHOOK_URL } from './fixtures/world.ts'

/** A secret is kept, and somebody asks for a new one. `again`: what the next pass does by itself. */
type Case = {
  name: string
  disturb?: (simulator: Simulator) => void
  behaviour?: Partial<Behaviour>
  faults?: Fault[]
  calls: string[]
  code?: 'ERR_ROTATION_REFUSED' | 'ERR_ROTATION_UNFINISHED'
  phase: RegistrationPhase
  again: { calls: readonly string[]; outcome: string }
}

const done = { phase: 'registered', again: { calls: ['GET'], outcome: 'unchanged' } } as const
const goesOn = { phase: 'degraded', again: { calls: ['DELETE', 'POST'], outcome: 'rotated' } } as const
const refused = { code: 'ERR_ROTATION_REFUSED' } as const
const unfinished = { code: 'ERR_ROTATION_UNFINISHED' } as const

const cases: Case[] = [
  { name: 'as configured', calls: ['DELETE', 'POST'], ...done },
  { name: 'the integration is gone', disturb: remove, calls: ['DELETE', 'POST'], ...done },
  {
    name: 'somebody created it anew',
    disturb: edit({ id: 'foreign', signingSecret: 'not-ours' }),
    calls: ['DELETE', 'POST'],
    ...done,
  },
  {
    name: 'no answer to the delete',
    faults: [{ method: 'DELETE', status: 500, times: 1 }],
    calls: ['DELETE'],
    ...unfinished,
    ...goesOn,
  },
  {
    name: 'the answer to the delete is lost',
    faults: [{ method: 'DELETE', cut: true, when: 'after', times: 1 }],
    calls: ['DELETE'],
    ...unfinished,
    ...goesOn,
  },
  {
    name: 'the delete is refused',
    faults: [{ method: 'DELETE', status: 403, times: 1 }],
    calls: ['DELETE'],
    ...refused,
    phase: 'degraded',
    again: { calls: ['GET'], outcome: 'unchanged' },
  },
  {
    name: 'no answer to the create',
    faults: [{ method: 'POST', status: 500, times: 1 }],
    calls: ['DELETE', 'POST'],
    ...unfinished,
    ...goesOn,
  },
  {
    name: 'the answer to the create is lost',
    faults: [{ method: 'POST', cut: true, when: 'after', times: 1 }],
    calls: ['DELETE', 'POST'],
    ...unfinished,
    ...goesOn,
  },
  {
    name: 'a web page says 404 to the delete',
    faults: [{ method: 'DELETE', status: 404, body: 'html', times: 1 }],
    calls: ['DELETE'],
    ...refused,
    phase: 'degraded',
    again: { calls: ['GET'], outcome: 'unchanged' },
  },
  {
    name: 'the create is refused',
    faults: [{ method: 'POST', status: 422, times: 1 }],
    calls: ['DELETE', 'POST'],
    ...refused,
    ...goesOn,
  },
  {
    name: 'a create without a secret',
    behaviour: { secondCreate: 'no-secret' },
    faults: [{ method: 'DELETE', status: 404, times: 1 }],
    calls: ['DELETE', 'POST'],
    ...refused,
    ...goesOn,
  },
]

for (const row of cases) {
  void t.test(row.name, async t => {
    const { simulator, calls, open, register } = await createWorld(t)
    await register()
    const old = simulator.integration?.signingSecret
    row.disturb?.(simulator)
    Object.assign(simulator.behaviour, row.behaviour)
    for (const fault of row.faults ?? []) simulator.faults.add(fault)
    const { registrar, store, fatals } = await open()
    if (row.code === undefined) t.equal(await registrar.rotate(), 'rotated')
    else await t.rejects(registrar.rotate(), { code: row.code })
    t.same(calls(), row.calls)
    t.equal(registrar.status().phase, row.phase)
    t.ok(verifies(registrar, old), 'the old secret is good until its time is over')

    t.equal((await registrar.reconcile()).kind, row.again.outcome)
    t.same(calls(), row.again.calls)
    t.equal(registrar.status().phase, 'registered')
    t.ok(verifies(registrar, old))
    t.ok(verifies(registrar, simulator.integration?.signingSecret))
    t.match(await store.load(), {
      integration: { secret: simulator.integration?.signingSecret },
      rotating: undefined,
      createPending: undefined,
      createOwner: undefined,
    })
    t.same(fatals, [])
  })
}

void t.test('an integration whose secret is lost is made anew on request', async t => {
  const { simulator, api, open } = await createWorld(t)
  await api.create({ webhookUrl: WEBHOOK_URL, authType: 'no_auth' })
  const { registrar } = await open()
  t.equal(await registrar.rotate(), 'rotated')
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
})

void t.test('a configured secret cannot be rotated', async t => {
  const { calls, open } = await createWorld(t)
  const { registrar } = await open({ api: null, staticSecrets: ['one'] })
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_REFUSED', message: /JELOU_SIGNING_SECRET/ })
  t.same(calls(), [])
})

void t.test('nothing is deleted that could not be kept', async t => {
  const { directory, calls, open, register, lock } = await createWorld(t)
  await register()
  const { registrar } = await open()
  const unlock = lock()
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_UNFINISHED', message: new RegExp(directory) })
  t.same(calls(), [])
  unlock()
})
