import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { startRedis } from '../brokers/redis.ts'
import { freePort, type Server } from '../brokers/server.ts'
import { metricsIn } from '../docker/expressions.ts'
import { dashboardExpressions } from '../docker/files.ts'
import { post } from './http.ts'
import { sendTo, watch, type Watched } from './scrapes.ts'
import { ready, start, variables, type Service } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

const LIMIT = 240_000
/** What does not change while a process runs. */
const CONSTANT = [
  'jelou_receiver_build_info',
  'jelou_receiver_spool_limit_bytes',
  'process_max_fds',
  'process_start_time_seconds',
]

t.setTimeout(LIMIT)

t.test('everything that the dashboard shows moves', { timeout: LIMIT }, async t => {
  const server = await startRedis(t)
  if (server === null) return
  if (server.process === null) return t.fail('the server must be of our own to be killed')
  const { jelou, broker, embedded } = await replicas(t, server)

  jelou.faults.add({ status: 500 })
  const one = await start(t, broker)
  const metrics = await watch(one)
  t.match(metrics.first, {
    jelou_receiver_ready: 0,
    'jelou_receiver_registration_phase{phase="starting"}': 1,
  })
  jelou.faults.clear()
  await ready(one)
  // PUBLIC_URL is that of the first: what a replica itself listens on is behind it.
  const other = { ...(await start(t, embedded)), publicUrl: `http://127.0.0.1:${embedded['PORT']}` }
  const others = await watch(other)
  await ready(other)

  await events(t, jelou, metrics)
  await deadLetter(t, jelou, other, others)
  await metrics.until('replicas', replicas => replicas === 2)
  t.equal((await post(`${one.adminUrl}/registration/rotate`, {})).status, 200)
  await metrics.until('previous_secrets', secrets => secrets === 1)

  await outage(t, jelou, server.process, metrics)

  one.signal('SIGTERM')
  await metrics.until('ready', ready => ready === 0)
  await metrics.until('ready_check{check="draining"}', isOk => isOk === 0)

  const shown = new Set(dashboardExpressions().flatMap(([, expression]) => metricsIn(expression)))
  const still = () =>
    [...shown].filter(name => !metrics.moved.has(name) && !others.moved.has(name) && !CONSTANT.includes(name))
  for (let tries = 0; still().length > 0 && tries < 100; tries++) {
    await Promise.all([metrics.scrape(), others.scrape(), sleep(100)])
  }
  t.same(still(), [])
  const told = Object.keys(metrics.first)
  for (const name of CONSTANT) {
    t.ok(shown.has(name), `${name} is shown`)
    t.ok(
      told.some(sample => sample.startsWith(name)),
      `${name} is told`,
    )
  }
})

/** The settings of two replicas of one project over one state: one before a broker, one with the embedded queue. */
async function replicas(t: Test, { port }: Server) {
  const jelou = createSimulator({ projectId: `project-${crypto.randomUUID()}` })
  t.teardown(() => jelou.close())
  const directory = testDirectory(t)
  const [own, free] = [String(await freePort()), String(await freePort())]
  const address = `redis://127.0.0.1:${port}`
  const shared = {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
    PUBLIC_URL: `http://127.0.0.1:${own}`,
    STATE_URL: address,
    STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    RECONCILE_INTERVAL: '1s',
    SHUTDOWN_DELAY: '5m',
  }
  return {
    jelou,
    broker: variables(directory, {
      ...shared,
      PORT: own,
      DATA_DIR: join(directory, 'broker'),
      QUEUE_URL: address,
      // Longer than a scrape takes on a busy machine: one has to see an event that waits for the broker.
      PUBLISH_TIMEOUT: '15s',
    }),
    embedded: variables(directory, { ...shared, PORT: free, DATA_DIR: join(directory, 'embedded') }),
  }
}

/** Events that pass and that do not, in all the ways that are counted apart. */
async function events(t: Test, jelou: Simulator, metrics: Watched): Promise<void> {
  const text = JSON.stringify(jelou.event('text'))
  const ahead = JSON.stringify({ event: 'ahead', timestamp: Date.now() + 3_600_000 })
  t.match(await jelou.send(text), { status: 200 })
  t.match(await jelou.send(text), { status: 200, body: /duplicate/ })
  t.match(await jelou.send(ahead), { status: 200 })
  t.match(await jelou.send(text, { signature: 'forged' }), { status: 401 })
  t.match(await jelou.send(text, { credential: 'wrong' }), { status: 401 })
  const now = await metrics.scrape()
  t.match(now, {
    'jelou_receiver_events_total{outcome="accepted"}': 2,
    'jelou_receiver_events_total{outcome="duplicate"}': 1,
    'jelou_receiver_refused_total{check="ERR_SIGNATURE_INVALID"}': 1,
    'jelou_receiver_refused_total{check="ERR_CREDENTIAL_INVALID"}': 1,
    'jelou_receiver_request_duration_seconds_count{outcome="refused"}': 2,
    'jelou_receiver_request_duration_seconds_count{outcome="accepted"}': 2,
    'jelou_receiver_stage_duration_seconds_count{stage="credential"}': 4,
    'jelou_receiver_stage_duration_seconds_count{stage="publish"}': 3,
    'jelou_receiver_publishes_total{driver="redis",outcome="accepted"}': 2,
    'jelou_receiver_publishes_total{driver="redis",outcome="duplicate"}': 1,
    'jelou_receiver_publish_duration_seconds_count{driver="redis"}': 3,
    jelou_receiver_events_ahead_total: 1,
  })
}

/** A consumer fails with an event of the embedded queue until it is a dead letter. */
async function deadLetter(t: Test, jelou: Simulator, service: Service, metrics: Watched): Promise<void> {
  const integration = jelou.integration ?? { signingSecret: '' }
  const url = `${service.publicUrl}/webhook/jelou`
  t.equal(await sendTo(url, JSON.stringify(jelou.event('text')), integration), 200)
  await metrics.until('queue_oldest_age_seconds', age => age > 0)
  for (let attempt = 1; attempt <= 5; attempt++) {
    const { text } = await post(`${service.adminUrl}/queue/receive`, { wait: '10s' })
    const { messages }: { messages: { lease: string }[] } = JSON.parse(text)
    const leases = messages.map(({ lease }) => lease)
    await post(`${service.adminUrl}/queue/nack`, { leases, delay: '0s', reason: 'no' })
  }
  await metrics.until('queue_events{state="dead"}', dead => dead === 1)
}

/** The broker hangs, is gone, and comes back. */
async function outage(
  t: Test,
  jelou: Simulator,
  redis: NonNullable<Server['process']>,
  metrics: Watched,
): Promise<void> {
  redis.pause()
  const waiting = jelou.send(jelou.event('text', 'room-1'))
  await metrics.until('events_in_flight', events => events === 1)
  await redis.kill()
  t.match(await waiting, { status: 200 })
  await metrics.until('breaker_state{state="open"}', isOpen => isOpen === 1)
  t.match(await jelou.send(jelou.event('text', 'room-2')), { status: 200 })
  await metrics.until('spool_events{state="waiting"}', events => events === 2)
  await metrics.until('spool_oldest_age_seconds', age => age > 0)
  await metrics.until('state_up', isUp => isUp === 0)
  await redis.start()
  await metrics.until('spool_drained_total', events => events === 2)
  await metrics.until('breaker_state{state="closed"}', isClosed => isClosed === 1)
  await metrics.until('state_up', isUp => isUp === 1)
  t.match(await metrics.scrape(), {
    jelou_receiver_spool_stored_total: 2,
    'jelou_receiver_events_total{outcome="accepted"}': 4,
    'jelou_receiver_request_duration_seconds_count{outcome="failed"}': 0,
  })
}
