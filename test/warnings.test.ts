import t from 'tap'
import { WARNINGS, warningsOf } from '../src/warnings.ts'

const well = { phase: 'registered', lastError: null } as const

t.test('what is to be seen to', async t => {
  t.same(warningsOf(undefined, well, []), {})
  t.same(warningsOf({ breaker: 'closed', reason: null }, well, []), {})
  for (const phase of ['starting', 'static'] as const)
    t.same(warningsOf(undefined, { phase, lastError: null }, []), {})
  const found = (['disk', 'clock', 'public-url', 'certificate', 'toString'] as const).map(name => ({
    name,
    status: 'wrong' as const,
    detail: `${name} at 10.0.0.1`,
  }))
  const all = warningsOf(
    { breaker: 'open', reason: 'connect ECONNREFUSED 10.0.0.1' },
    { phase: 'degraded', lastError: '401' },
    found,
  )
  t.same(Object.keys(all).toSorted(), WARNINGS.toSorted())
  t.match(all, {
    broker: { shown: /away/, detail: 'connect ECONNREFUSED 10.0.0.1' },
    registration: { shown: /degraded/, detail: '401' },
    clock: { shown: /differs/, detail: 'clock at 10.0.0.1' },
  })
  for (const { shown } of Object.values(all)) t.notMatch(shown, /\d/, 'no address for everybody')
  t.match(warningsOf({ breaker: 'half-open', reason: null }, { phase: 'conflict', lastError: null }, []), {
    broker: { detail: /away/ },
    registration: { detail: 'conflict' },
  })
})
