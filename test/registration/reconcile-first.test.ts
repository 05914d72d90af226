import t from 'tap'
import type { Fault } from '../../src/simulator/faults.ts'
import type { Behaviour } from '../../src/simulator/integrations.ts'
import type { Outcome } from '../../src/registration/outcome.ts'
import { createWorld, verifies, WEBHOOK_URL } from './fixtures/world.ts'

/** No secret is kept; `exists`: Jelou has an integration all the same. */
type Case = {
  name: string
  exists?: boolean
  behaviour?: Partial<Behaviour>
  faults?: Fault[]
  secretLost?: 'recreate'
  calls: string[]
  outcome: Outcome['kind']
  fatal?: { code: string; message: RegExp }
  pending?: boolean
}

const LOST = { code: 'ERR_SECRET_LOST', message: /JELOU_SIGNING_SECRET.*JELOU_SECRET_LOST=recreate/ }

const cases: Case[] = [
  { name: 'a create with a secret, plain', calls: ['POST'], outcome: 'created' },
  {
    name: 'a create with a secret, under data',
    behaviour: { shape: 'wrapped' },
    calls: ['POST'],
    outcome: 'created',
  },
  {
    name: 'a second create that gives a new secret',
    exists: true,
    behaviour: { secondCreate: 'new-secret' },
    calls: ['POST'],
    outcome: 'created',
  },
  ...([409, 422, 400] as const).flatMap((secondCreate): Case[] => [
    {
      name: `an integration exists, told by ${secondCreate}`,
      exists: true,
      behaviour: { secondCreate },
      calls: ['POST', 'GET'],
      outcome: 'secret_lost',
      fatal: LOST,
    },
    {
      name: `an integration exists, told by ${secondCreate}, recreate`,
      exists: true,
      behaviour: { secondCreate },
      secretLost: 'recreate',
      calls: ['POST', 'GET', 'DELETE', 'POST'],
      outcome: 'recreated',
    },
  ]),
  {
    name: 'a create without a secret',
    exists: true,
    behaviour: { secondCreate: 'no-secret' },
    calls: ['POST'],
    outcome: 'secret_lost',
    fatal: LOST,
    pending: true,
  },
  {
    name: 'a create without a secret, recreate',
    exists: true,
    behaviour: { secondCreate: 'no-secret' },
    secretLost: 'recreate',
    calls: ['POST', 'DELETE', 'POST'],
    outcome: 'recreated',
  },
  ...[401, 403].map((status): Case => ({
    name: `${status}, whether an integration exists or not`,
    exists: true,
    faults: [{ status }],
    calls: ['POST'],
    outcome: 'rejected',
    fatal: { code: 'ERR_REGISTRATION_REJECTED', message: /Simulated.*JELOU_API_KEY/ },
  })),
  {
    name: '404',
    faults: [{ method: 'POST', status: 404 }],
    calls: ['POST', 'GET'],
    outcome: 'rejected',
    fatal: { code: 'ERR_REGISTRATION_REJECTED', message: /Simulated.*JELOU_PROJECT_ID and JELOU_API_URL/ },
  },
  {
    name: '422 and no integration',
    faults: [{ method: 'POST', status: 422 }],
    calls: ['POST', 'GET'],
    outcome: 'rejected',
    fatal: { code: 'ERR_REGISTRATION_REJECTED', message: /Simulated.*PUBLIC_URL/ },
  },
  {
    name: '422, and then no answer to the read',
    faults: [
      { method: 'POST', status: 422 },
      { method: 'GET', cut: true },
    ],
    calls: ['POST', 'GET'],
    outcome: 'unavailable',
  },
  ...[
    { status: 500 },
    { status: 503 },
    { status: 429 },
    { status: 408 },
    { cut: true },
    { body: 'html' as const },
  ].map((fault): Case => ({
    name: `no usable answer: ${JSON.stringify(fault)}`,
    faults: [fault],
    calls: ['POST'],
    outcome: 'unavailable',
    pending: true,
  })),
  {
    name: 'recreate, and the delete has no answer',
    exists: true,
    secretLost: 'recreate',
    faults: [{ method: 'DELETE', status: 500 }],
    calls: ['POST', 'GET', 'DELETE'],
    outcome: 'unavailable',
  },
  {
    name: 'recreate, and the delete is refused',
    exists: true,
    secretLost: 'recreate',
    faults: [{ method: 'DELETE', status: 403 }],
    calls: ['POST', 'GET', 'DELETE'],
    outcome: 'rejected',
    fatal: { code: 'ERR_REGISTRATION_REJECTED', message: /JELOU_API_KEY/ },
  },
  {
    name: 'recreate, and no answer to the second create',
    exists: true,
    secretLost: 'recreate',
    faults: [
      { method: 'POST', status: 409, times: 1 },
      { method: 'POST', status: 500 },
    ],
    calls: ['POST', 'GET', 'DELETE', 'POST'],
    outcome: 'unavailable',
    pending: true,
  },
  {
    name: 'recreate, and the second create is refused',
    exists: true,
    secretLost: 'recreate',
    faults: [{ method: 'POST', status: 422 }],
    calls: ['POST', 'GET', 'DELETE', 'POST'],
    outcome: 'rejected',
    fatal: { code: 'ERR_REGISTRATION_REJECTED', message: /PUBLIC_URL/ },
  },
  {
    name: 'recreate, and it is gone before the delete',
    exists: true,
    secretLost: 'recreate',
    faults: [{ method: 'DELETE', status: 404, when: 'after' }],
    calls: ['POST', 'GET', 'DELETE', 'POST'],
    outcome: 'recreated',
  },
]

for (const row of cases) {
  void t.test(row.name, async t => {
    const { simulator, api, calls, open } = await createWorld(t)
    if (row.exists) await api.create({ webhookUrl: WEBHOOK_URL, authType: 'no_auth' })
    calls()
    Object.assign(simulator.behaviour, row.behaviour)
    for (const fault of row.faults ?? []) simulator.faults.add(fault)
    const { registrar, store, fatals, lines } = await open({ secretLost: row.secretLost ?? 'fail' })
    t.equal(registrar.accepted(), null, 'nothing is accepted before')

    const { kind } = await registrar.reconcile()
    t.equal(kind, row.outcome)
    t.same(calls(), row.calls)
    t.equal(
      lines.some(({ level, text }) => level === 'warn' && text.startsWith('Deleted')),
      row.calls.join(' ').includes('DELETE POST'),
      'says when it deleted',
    )
    t.equal(fatals.length, row.fatal ? 1 : 0)
    if (row.fatal) t.match(fatals[0], row.fatal)
    const kept = await store.load()
    t.equal(
      kept?.createPending !== undefined,
      row.pending ?? false,
      'the mark of a create without an outcome',
    )
    if (kind === 'created' || kind === 'recreated') {
      t.equal(kept?.integration?.secret, simulator.integration?.signingSecret, 'the secret is kept')
      t.ok(verifies(registrar, simulator.integration?.signingSecret))
      t.match(simulator.integration, { webhookUrl: WEBHOOK_URL, authType: 'bearer' })
      t.same(registrar.accepted()?.credentials, [
        { authType: 'bearer', authorization: simulator.integration?.authorization },
      ])
    } else {
      t.equal(kept?.integration, undefined)
      t.equal(registrar.accepted(), null)
    }
  })
}
