import t from 'tap'
import { createMetrics, type MetricSources } from '../../src/admin/metrics.ts'
import { startAdmin } from './harness.ts'

const FIGURES = { waiting: 1, leased: 2, delayed: 3, dead: 4, oldestAge: 1500, bytes: 4096 }

const sources: MetricSources = {
  events: () => ({ accepted: 5, duplicate: 0 }),
  refused: () => ({ ERR_SIGNATURE_INVALID: 2 }),
  queue: async () => FIGURES,
  reconciles: () => ({ unchanged: 3 }),
  registration: () => 'registered',
  secretAge: () => 90,
}

const everything = {
  'jelou_receiver_events_total{outcome="accepted"}': 5,
  'jelou_receiver_events_total{outcome="duplicate"}': 0,
  'jelou_receiver_refused_total{check="ERR_SIGNATURE_INVALID"}': 2,
  'jelou_receiver_reconciles_total{outcome="unchanged"}': 3,
  'jelou_receiver_registration_info{phase="registered"}': 1,
  jelou_receiver_secret_age_seconds: 90,
  jelou_receiver_queue_up: 1,
  'jelou_receiver_queue_messages{state="waiting"}': 1,
  'jelou_receiver_queue_messages{state="leased"}': 2,
  'jelou_receiver_queue_messages{state="delayed"}': 3,
  'jelou_receiver_queue_messages{state="dead"}': 4,
  jelou_receiver_queue_bytes: 4096,
  jelou_receiver_queue_oldest_seconds: 1.5,
}

t.test('everything that is counted, with its type and what it means', async t => {
  const { call } = await startAdmin(t, { metrics: createMetrics(sources) })
  const { headers, text } = await call('GET', '/metrics')
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.strictSame(samples(text), everything)
  const names = new Set(Object.keys(everything).map(name => name.replace(/\{.*/, '')))
  for (const name of names) {
    t.match(text, new RegExp(`^# HELP ${name} \\S`, 'm'), name)
    t.match(text, `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n`, name)
  }
})

t.test('values move, and what is over is gone', async t => {
  let accepted = 1
  let phase = 'starting'
  let age: number | null = 1
  const metrics = createMetrics({
    ...sources,
    events: () => ({ accepted }),
    registration: () => phase,
    secretAge: () => age,
  })
  const { call } = await startAdmin(t, { metrics })
  const scrape = async () => samples((await call('GET', '/metrics')).text)
  const before = await scrape()
  t.equal(before['jelou_receiver_events_total{outcome="accepted"}'], 1)
  t.equal(before['jelou_receiver_secret_age_seconds'], 1)
  accepted = 7
  phase = 'degraded'
  age = null
  const after = await scrape()
  t.equal(after['jelou_receiver_events_total{outcome="accepted"}'], 7)
  t.equal(after['jelou_receiver_registration_info{phase="degraded"}'], 1)
  t.notOk('jelou_receiver_registration_info{phase="starting"}' in after)
  t.notOk('jelou_receiver_secret_age_seconds' in after, 'no secret is not a new secret')
})

t.test('the embedded queue moves them', async t => {
  const { call, publish } = await startAdmin(t)
  const messages = async (state: string) =>
    samples((await call('GET', '/metrics')).text)[`jelou_receiver_queue_messages{state="${state}"}`]
  t.equal(await messages('waiting'), 0)
  await publish('k', 1)
  t.equal(await messages('waiting'), 1)
  await call('POST', '/queue/receive')
  t.equal(await messages('waiting'), 0)
  t.equal(await messages('leased'), 1)
})

t.test('the queue is asked once for a scrape', async t => {
  let asked = 0
  const queue = async () => {
    asked++
    return FIGURES
  }
  const { call } = await startAdmin(t, { metrics: createMetrics({ ...sources, queue }) })
  await call('GET', '/metrics')
  t.equal(asked, 1)
  await call('GET', '/metrics')
  t.equal(asked, 2, 'and again for the next')
})

t.test('a queue that fails is said, and costs no other metric', async t => {
  let broken = false
  const queue = async () => {
    if (broken) throw new Error('gone')
    return FIGURES
  }
  const { call } = await startAdmin(t, { metrics: createMetrics({ ...sources, queue }) })
  const scrape = async () => samples((await call('GET', '/metrics')).text)
  t.strictSame(await scrape(), everything)
  broken = true
  const others = Object.entries(everything).filter(([name]) => !name.includes('_queue_'))
  t.strictSame(await scrape(), { ...Object.fromEntries(others), jelou_receiver_queue_up: 0 })
  broken = false
  t.strictSame(await scrape(), everything)
})

/** The samples of Prometheus' text format, by name and labels. */
function samples(text: string): Record<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map(line => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}
