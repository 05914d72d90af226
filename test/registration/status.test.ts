import t from 'tap'
import { phaseAfter, whyNotReady } from '../../src/registration/status.ts'

t.test('why nothing is accepted', async t => {
  const state = { shared: false, replicas: 1, lastError: null }
  const cases = [
    [{ phase: 'starting', state }, /not registered with Jelou$/],
    [{ phase: 'unregistered', state }, /unregistered on request$/],
    [
      { phase: 'unregistered', state: { ...state, lastError: 'at an address' } },
      /kept state cannot be read$/,
    ],
  ] as const
  for (const [status, why] of cases) t.match(whyNotReady(status), why)
})

t.test('the phase after a pass', async t => {
  const problem = { kind: 'unavailable', reason: '500' } as const
  t.equal(phaseAfter({ kind: 'unregistered' }, 'registered', true), 'unregistered')
  t.equal(phaseAfter({ kind: 'created' }, 'unregistered', true), 'registered')
  t.equal(phaseAfter(problem, 'unregistered', true), 'degraded')
  t.equal(phaseAfter(problem, 'unregistered', false), 'starting')
  t.equal(phaseAfter({ kind: 'unchanged' }, 'static', true), 'static')
})
