import t from 'tap'
import {
  askService,
  judgeDelivery,
  judgeRegistration,
  judgeService,
  type Running,
} from '../../src/doctor/service.ts'
import { startAdmin } from '../admin/harness.ts'
import { closedOrigin } from '../fixtures/serve.ts'

const status = {
  status: 'ready',
  checks: { secret: 'ok', queue: 'ok', draining: 'ok' },
  registration: { phase: 'registered', lastError: null },
  queue: { driver: 'redis', breaker: 'closed', reason: null, waiting: 2, dead: 0 },
}

/** A service that says this, apart from the above. */
function saying(change: object): Running {
  return { kind: 'running', status: { ...status, ...change } }
}

t.test('a service that runs is asked', async t => {
  const { url } = await startAdmin(t, { status: async () => status })
  const running = await askService({ url, token: undefined })
  t.same(running, { kind: 'running', status })
  t.match(judgeService(running), { status: 'ok', detail: 'runs, and is ready' })
  t.match(judgeRegistration(running), { status: 'ok', detail: 'registered' })
  t.match(judgeDelivery(running), { status: 'ok', detail: 'redis: 2 waiting, none dead' })
})

t.test('a service that cannot be asked', async t => {
  const url = await closedOrigin()
  const away = await askService({ url, token: undefined })
  t.match(judgeService(away), { status: 'skipped', detail: /does not answer at .*: ECONNREFUSED.*--url$/ })

  const guarded = await startAdmin(t, { token: 'a-token-of-sixteen' })
  const refused = await askService({ url: guarded.url, token: 'another-of-sixteen' })
  t.match(judgeService(refused), { status: 'wrong', detail: /answered 401/, advice: /ADMIN_TOKEN/ })

  const old = await startAdmin(t, { status: async () => ({ status: 'ready' }) })
  const other = await askService({ url: old.url, token: undefined })
  t.match(judgeService(other), { status: 'wrong', detail: /^another version/ })
  for (const running of [away, refused, other]) {
    t.match(judgeRegistration(running), { status: 'skipped' })
    t.match(judgeDelivery(running), { status: 'skipped' })
  }
})

t.test('a service that is not ready tells why', async t => {
  const running = saying({ checks: { secret: 'none is held', queue: 'full', draining: 'ok' } })
  t.match(judgeService(running), {
    status: 'wrong',
    detail: 'runs, but is not ready: secret: none is held; queue: full',
  })
})

t.test('the phases of the registration', async t => {
  const cases = [
    ['static', null, 'ok', 'static', undefined],
    ['starting', 'no answer', 'wrong', 'starting: no answer', /Jelou/],
    ['degraded', '500', 'warning', 'degraded: 500', /still verifies/],
    ['conflict', 'x', 'wrong', 'conflict: x', /PUBLIC_URL/],
    ['secret_lost', 'x', 'wrong', 'secret_lost: x', /JELOU_SECRET_LOST/],
    ['unregistered', null, 'wrong', 'unregistered', /register/],
  ] as const
  for (const [phase, lastError, expected, detail, advice] of cases)
    t.match(judgeRegistration(saying({ registration: { phase, lastError } })), {
      status: expected,
      detail,
      advice,
    })
})

t.test('whether events get on', async t => {
  const cases = [
    [
      { driver: 'redis', breaker: 'open', reason: 'away', waiting: 5 },
      'wrong',
      'redis is away (away): 5 events wait in the spool',
    ],
    [
      { driver: 'redis', breaker: 'half-open' },
      'wrong',
      'redis is away (no reason is known): 0 events wait in the spool',
    ],
    [{ driver: 'sqlite', waiting: 1, dead: 3 }, 'warning', '3 dead letters in sqlite'],
    [{ driver: 'sqlite' }, 'ok', 'sqlite: 0 waiting, none dead'],
  ] as const
  for (const [queue, expected, detail] of cases)
    t.match(judgeDelivery(saying({ queue })), { status: expected, detail })
})
