import t from 'tap'
import { createMetrics } from '../../src/admin/metrics.ts'
import { PUBLISH_FAILURES, REFUSALS } from '../../src/admin/outcomes.ts'
import { Refused } from '../../src/http/refused.ts'
import { noReconciles } from '../../src/registration/status.ts'
import { FIGURES, metricSources, SPOOL } from './fixtures/metric-sources.ts'
import { ownSamples, samples } from './fixtures/samples.ts'
import { startAdmin } from './harness.ts'
import { WARNINGS } from '../../src/warnings.ts'

const zeros = (name: string, label: string, values: string[], more = '') =>
  Object.fromEntries(values.map(value => [`${name}{${more}${label}="${value}"}`, 0]))

/** As if the driver were the embedded one. */
const asSqlite = (own: Record<string, number>) =>
  Object.fromEntries(Object.entries(own).map(([name, value]) => [name.replace('"redis"', '"sqlite"'), value]))

const HTTP_CHECKS = Object.keys(new Refused().counts)
const SERVICE = {
  'build_info{version="1.2.3",project="p",queue="sqlite"}': 1,
  ready: 1,
  'ready_check{check="secret"}': 1,
  'ready_check{check="queue"}': 1,
  'ready_check{check="draining"}': 1,
  ...zeros('warning', 'check', WARNINGS),
  'warning{check="clock"}': 1,
  'events_total{outcome="accepted"}': 5,
  'events_total{outcome="duplicate"}': 0,
  ...zeros('refused_total', 'check', REFUSALS),
  'refused_total{check="ERR_SIGNATURE_INVALID"}': 2,
  ...zeros('http_refused_total', 'check', HTTP_CHECKS, 'listener="public",'),
  'http_refused_total{listener="public",check="silent"}': 3,
  ...zeros('http_refused_total', 'check', HTTP_CHECKS, 'listener="private",'),
  events_ahead_total: 0,
}
const QUEUE = {
  events_in_flight: 0,
  ...zeros(
    'publishes_total',
    'outcome',
    ['accepted', 'duplicate', ...PUBLISH_FAILURES, 'ERR_INTERNAL'],
    'driver="sqlite",',
  ),
  repeats_recognised: 1,
  store_up: 1,
  'queue_events{state="waiting"}': 1,
  'queue_events{state="leased"}': 2,
  'queue_events{state="delayed"}': 3,
  'queue_events{state="dead"}': 4,
  queue_bytes: 4096,
  queue_oldest_age_seconds: 1.5,
  disk_free_bytes: 1_000_000,
}
const REGISTRATION = {
  ...zeros('registration_phase', 'phase', [
    'starting',
    'registered',
    'degraded',
    'conflict',
    'secret_lost',
    'unregistered',
    'static',
  ]),
  'registration_phase{phase="registered"}': 1,
  ...zeros('reconciles_total', 'outcome', Object.keys(noReconciles())),
  'reconciles_total{outcome="unchanged"}': 3,
  reconciled_timestamp_seconds: 70,
  secret_age_seconds: 90,
  previous_secrets: 1,
  replicas: 3,
  state_up: 1,
  'state_locks_total{outcome="acquired"}': 4,
  'state_locks_total{outcome="busy"}': 2,
  'state_locks_total{outcome="failed"}': 1,
  state_lock_held: 1,
}

t.test('everything that is counted, with its type and what it means', async t => {
  const { call } = await startAdmin(t, { metrics: createMetrics(metricSources()) })
  const { headers, text } = await call('GET', '/metrics')
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.strictSame(ownSamples(text), { ...SERVICE, ...QUEUE, ...REGISTRATION })
  for (const name of Object.keys(ownSamples(text)).map(sample => sample.replace(/\{.*/, ''))) {
    t.match(text, new RegExp(`^# HELP jelou_receiver_${name} \\S`, 'm'), name)
    t.match(text, `# TYPE jelou_receiver_${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n`, name)
  }
})

t.test('with a broker there is a spool instead of the embedded queue', async t => {
  const queue = { driver: 'redis', spool: () => SPOOL }
  const { call } = await startAdmin(t, { metrics: createMetrics(metricSources(queue)) })
  const { text } = await call('GET', '/metrics')
  const embedded = Object.entries(QUEUE).map(([name, value]) => [name.replace(/^queue_/, 'spool_'), value])
  t.strictSame(asSqlite(ownSamples(text)), {
    ...SERVICE,
    ...REGISTRATION,
    ...Object.fromEntries(embedded),
    events_in_flight: 2,
    'breaker_state{state="closed"}': 0,
    'breaker_state{state="half-open"}': 0,
    'breaker_state{state="open"}': 1,
    spool_stored_total: 7,
    spool_drained_total: 3,
    spool_limit_bytes: 1024,
    repeats_recognised: 0,
  })
  t.match(text, 'jelou_receiver_publishes_total{driver="redis",outcome="accepted"} 0')
})

t.test('values move, and what is over is gone', async t => {
  const sources = metricSources()
  const state = { phase: 'starting', secretSince: 99_000, checks: { secret: 'no secret', queue: 'ok' } }
  const status = () => ({
    ...sources.registration.status(),
    ...(state as { phase: 'starting'; secretSince: number | null }),
  })
  const { call } = await startAdmin(t, {
    metrics: createMetrics({
      ...sources,
      checks: () => state.checks,
      registration: { ...sources.registration, status },
    }),
  })
  const scrape = async () => ownSamples((await call('GET', '/metrics')).text)
  t.match(await scrape(), {
    ready: 0,
    'ready_check{check="secret"}': 0,
    'ready_check{check="queue"}': 1,
    'registration_phase{phase="starting"}': 1,
    'registration_phase{phase="degraded"}': 0,
    secret_age_seconds: 1,
  })
  Object.assign(state, { phase: 'degraded', secretSince: null, checks: { secret: 'ok' } })
  const after = await scrape()
  t.match(after, {
    ready: 1,
    'registration_phase{phase="starting"}': 0,
    'registration_phase{phase="degraded"}': 1,
  })
  t.notOk('ready_check{check="queue"}' in after)
  t.notOk('secret_age_seconds' in after, 'no secret is not a new secret')
})

t.test('a state that cannot be used, and a Jelou that was never asked', async t => {
  const { registration } = metricSources()
  const state = { replicas: 1, lastError: 'gone' }
  const status = () => ({ ...registration.status(), lastReconciledAt: null, state })
  const metrics = createMetrics(metricSources({}, { registration: { ...registration, status } }))
  const own = ownSamples(await metrics.metrics())
  t.match(own, { state_up: 0, replicas: 1 })
  t.notOk('reconciled_timestamp_seconds' in own)
})

t.test('the embedded queue moves them', async t => {
  const { call, publish } = await startAdmin(t)
  const events = async (state: string) =>
    ownSamples((await call('GET', '/metrics')).text)[`queue_events{state="${state}"}`]
  t.equal(await events('waiting'), 0)
  await publish('k', 1)
  t.equal(await events('waiting'), 1)
  await call('POST', '/queue/receive')
  t.equal(await events('waiting'), 0)
  t.equal(await events('leased'), 1)
})

t.test('the queue is asked once for a scrape', async t => {
  let asked = 0
  const stats = async () => {
    asked++
    return FIGURES
  }
  const { call } = await startAdmin(t, { metrics: createMetrics(metricSources({ stats })) })
  await call('GET', '/metrics')
  t.equal(asked, 1)
  await call('GET', '/metrics')
  t.equal(asked, 2, 'and again for the next')
})

t.test('a queue and a disk that fail are said, and cost no other metric', async t => {
  let broken = false
  const unless = <T>(value: T) => (broken ? Promise.reject(new Error('gone')) : Promise.resolve(value))
  const queue = { stats: () => unless(FIGURES), free: () => unless(1_000_000) }
  const { call } = await startAdmin(t, { metrics: createMetrics(metricSources(queue)) })
  const scrape = async () => ownSamples((await call('GET', '/metrics')).text)
  const everything = { ...SERVICE, ...QUEUE, ...REGISTRATION }
  t.strictSame(await scrape(), everything)
  broken = true
  const others = Object.entries(everything).filter(([name]) => !/^(queue|disk)_/.test(name))
  t.strictSame(await scrape(), { ...Object.fromEntries(others), store_up: 0 })
  broken = false
  t.strictSame(await scrape(), everything)
})

t.test('where no ids are remembered, it is no fault that repeats are not recognised', async t => {
  const { call } = await startAdmin(t, { metrics: createMetrics(metricSources({ remembers: false })) })
  t.notOk('repeats_recognised' in ownSamples((await call('GET', '/metrics')).text))
})

t.test('the process is measured too', async t => {
  const { call } = await startAdmin(t)
  const names = Object.keys(samples((await call('GET', '/metrics')).text))
  for (const name of ['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds', 'process_open_fds'])
    t.ok(names.includes(name), name)
  t.notOk(names.some(name => name.startsWith('nodejs_gc')))
})
