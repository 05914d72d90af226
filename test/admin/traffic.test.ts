import t from 'tap'
import type { Buckets } from '../../src/admin/histogram.ts'
import { Traffic } from '../../src/admin/traffic.ts'
import type { Exchange } from '../../src/webhook/exchange.ts'

/** How many values there are, and their sum to the millisecond. */
function figures(group: Record<string, Buckets>) {
  return Object.fromEntries(
    Object.entries(group).map(([name, { counts, sum }]) => [
      name,
      [counts.reduce((total, count) => total + count), Math.round(sum * 1000)],
    ]),
  )
}

const NONE = [0, 0]
const FULL = { received: 100, credential: 101, body: 103, signature: 107, publish: 115 }
const { credential: _credential, body: _body, signature: _signature, publish: _publish, ...RECEIVED } = FULL

t.test('each request counts once, by how it ended', async t => {
  const cases: [outcome: string, statusCode: number, counted: string][] = [
    ['accepted', 200, 'accepted'],
    ['duplicate', 200, 'duplicate'],
    ['ERR_SIGNATURE_INVALID', 401, 'refused'],
    ['ERR_EVENT_INVALID', 422, 'refused'],
    ['ERR_QUEUE_FULL', 503, 'failed'],
    ['ERR_INTERNAL', 500, 'failed'],
  ]
  for (const [outcome, statusCode, counted] of cases) {
    const traffic = new Traffic()
    traffic.observe({ timeline: FULL, outcome, statusCode, answered: 120 })
    const nothing = { accepted: NONE, duplicate: NONE, refused: NONE, failed: NONE }
    t.same(figures(traffic.durations), { ...nothing, [counted]: [1, 20] }, outcome)
  }
})

t.test('only stages that were passed are counted, each for itself', async t => {
  const passed = { credential: [1, 1], body: [1, 2], signature: [1, 4], publish: [1, 8] }
  const reached: (keyof typeof passed)[] = ['credential', 'body', 'signature', 'publish']
  for (let count = 0; count <= reached.length; count++) {
    const stages = reached.slice(0, count)
    const timeline: Exchange['timeline'] = {
      ...RECEIVED,
      ...Object.fromEntries(stages.map(stage => [stage, FULL[stage]])),
    }
    const traffic = new Traffic()
    traffic.observe({ timeline, outcome: 'x', statusCode: 503, answered: 200 })
    const expected = reached.map(stage => [stage, stages.includes(stage) ? passed[stage] : NONE])
    t.same(figures(traffic.stages), Object.fromEntries(expected), `${count} stages`)
  }
})

t.test('the age of events, and those from the future', async t => {
  const cases: [age: number | undefined, counted: number, sum: number, ahead: number][] = [
    [undefined, 0, 0, 0],
    [0, 1, 0, 0],
    [2500, 1, 2500, 0],
    [-1000, 1, 0, 0],
    [-1001, 1, 0, 1],
  ]
  for (const [age, counted, sum, ahead] of cases) {
    const traffic = new Traffic()
    const told = { timeline: FULL, outcome: 'accepted', statusCode: 200, answered: 120 }
    traffic.observe(age === undefined ? told : { ...told, eventAge: age })
    t.same(figures({ ages: traffic.ages }), { ages: [counted, sum] }, `${age} ms`)
    t.equal(traffic.ahead, ahead)
  }
})
