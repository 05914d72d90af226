import { randomUUID } from 'node:crypto'
import t from 'tap'
import { edit, remove, runCase, type Case } from './fixtures/kept-case.ts'

const foreign = edit({ id: 'foreign', signingSecret: 'not-ours' })
const lost = { outcome: 'secret_lost', phase: 'secret_lost' } as const
const fatal = { code: 'ERR_SECRET_LOST', message: /only once\. Either/ }
const interrupted = { code: 'ERR_SECRET_LOST', message: /a create of this service was interrupted/ }

/** What calls for a change is read twice: without the lock, and under it. */
const cases: Case[] = [
  {
    name: 'the integration is gone',
    disturb: remove,
    calls: ['GET', 'GET', 'POST'],
    outcome: 'replaced',
    phase: 'registered',
  },
  {
    name: '405 to the read',
    faults: [{ method: 'GET', status: 405 }],
    disturb: remove,
    calls: ['GET', 'GET', 'POST'],
    outcome: 'replaced',
    phase: 'registered',
  },
  {
    name: '404 as a web page, which is not of Jelou',
    faults: [{ method: 'GET', status: 404, body: 'html' }],
    calls: ['GET'],
    outcome: 'refused',
    phase: 'degraded',
  },
  {
    name: '404 as a web page, recreate',
    faults: [{ method: 'GET', status: 404, body: 'html' }],
    secretLost: 'recreate',
    calls: ['GET'],
    outcome: 'refused',
    phase: 'degraded',
  },
  {
    name: '404 without a word may be of Jelou',
    disturb: remove,
    faults: [{ method: 'GET', status: 404, body: 'empty' }],
    calls: ['GET', 'GET', 'POST'],
    outcome: 'replaced',
    phase: 'registered',
  },
  {
    name: 'gone, but the create is refused',
    faults: [{ method: 'GET', status: 404 }],
    calls: ['GET', 'GET', 'POST'],
    outcome: 'refused',
    phase: 'degraded',
  },
  {
    name: 'gone, and no answer to the create',
    disturb: remove,
    faults: [{ method: 'POST', status: 500 }],
    calls: ['GET', 'GET', 'POST'],
    outcome: 'unavailable',
    phase: 'degraded',
    pendingAfter: true,
  },
  {
    name: 'gone, and a create without a secret',
    behaviour: { secondCreate: 'no-secret' },
    faults: [{ method: 'GET', status: 404 }],
    calls: ['GET', 'GET', 'POST'],
    ...lost,
    fatal,
    pendingAfter: true,
  },
  {
    name: 'gone, and a create without a secret, recreate',
    behaviour: { secondCreate: 'no-secret' },
    faults: [{ method: 'GET', status: 404 }],
    secretLost: 'recreate',
    calls: ['GET', 'GET', 'POST', 'DELETE', 'POST'],
    outcome: 'recreated',
    phase: 'registered',
  },

  {
    name: 'an interrupted create',
    pending: true,
    calls: ['GET', 'GET'],
    ...lost,
    fatal: interrupted,
    pendingAfter: true,
  },
  {
    name: 'an interrupted create, recreate',
    pending: true,
    secretLost: 'recreate',
    calls: ['GET', 'GET', 'DELETE', 'POST'],
    outcome: 'recreated',
    phase: 'registered',
  },
  {
    name: 'an interrupted create that did nothing',
    pending: true,
    disturb: remove,
    calls: ['GET', 'GET', 'POST'],
    outcome: 'replaced',
    phase: 'registered',
  },
  {
    name: 'an interrupted create, and no answer',
    pending: true,
    faults: [{ cut: true }],
    calls: ['GET'],
    outcome: 'unavailable',
    phase: 'degraded',
    pendingAfter: true,
  },

  { name: 'somebody created it anew', disturb: foreign, calls: ['GET', 'GET', 'GET', 'GET'], ...lost },
  {
    name: 'somebody created it anew, and ids are numbers',
    disturb: edit({ id: 7, signingSecret: 'not-ours' }),
    calls: ['GET', 'GET', 'GET', 'GET'],
    ...lost,
  },
  {
    name: 'somebody created it anew, recreate',
    disturb: foreign,
    secretLost: 'recreate',
    calls: ['GET', 'GET', 'GET', 'GET', 'DELETE', 'POST'],
    outcome: 'recreated',
    phase: 'registered',
  },
  {
    name: 'somebody created it anew, recreate, and no answer to the delete',
    disturb: foreign,
    secretLost: 'recreate',
    faults: [{ method: 'DELETE', cut: true }],
    calls: ['GET', 'GET', 'GET', 'GET', 'DELETE'],
    outcome: 'unavailable',
    phase: 'degraded',
  },
  {
    name: 'ids that differ from read to read',
    disturb: simulator => {
      simulator.hooks.onRequest = () => edit({ id: randomUUID() })(simulator)
    },
    calls: ['GET', 'GET'],
    outcome: 'unchanged',
    phase: 'registered',
  },
  ...([401, 500] as const).map((status): Case => ({
    name: `another id, then ${status}`,
    disturb: simulator => {
      foreign(simulator)
      simulator.hooks.onProcessed = () => simulator.faults.add({ status })
    },
    calls: ['GET', 'GET'],
    outcome: status === 401 ? 'refused' : 'unavailable',
    phase: 'degraded',
  })),
]

for (const row of cases) void t.test(row.name, t => runCase(t, row))
