import t from 'tap'
import { GOALS, judge, type Goal } from './goals.ts'
import { OVERLOAD, roundWith } from './fixtures/rounds.ts'
import type { OverloadSample } from './results.ts'

const goal = (value: number[], more: Partial<Goal> = {}): Goal => ({
  id: 'goal',
  says: 'a goal',
  unit: '×',
  bound: 1,
  atLeast: true,
  value: () => ({ median: Number(value[0]), noise: Number(value[1]), least: 0, most: 0, rounds: [] }),
  because: 'why not',
  ...more,
})

t.test('a goal that was reached once may be missed by the noise, and by no more', async t => {
  const cases: [goal: Goal, reached: boolean, isRegression: boolean, name: string][] = [
    [goal([1, 0]), true, false, 'just reached'],
    [goal([1.5, 0]), true, false, 'reached'],
    [goal([0.95, 0.1]), false, false, 'missed within the noise'],
    [goal([0.985, 0]), false, false, 'missed by less than matters'],
    [goal([0.95, 0.01]), false, true, 'missed by more than the noise'],
    [goal([1.5, 0.1], { atLeast: false }), false, true, 'too much of what is to be small'],
    [goal([1.05, 0.1], { atLeast: false }), false, false, 'too much within the noise'],
    [goal([0.5, 0.1], { atLeast: false }), true, false, 'little of what is to be small'],
  ]
  for (const [goal, reached, isRegression, name] of cases) {
    t.match(judge([], new Set(['goal']), [goal]), [{ reached, isRegression }], name)
    t.match(judge([], new Set(), [goal]), [{ reached, isRegression: false }], `${name}, never reached before`)
  }
})

t.test('only what is not reached says why', async t => {
  t.equal(judge([], new Set(), [goal([2, 0])])[0]?.because, undefined)
  t.equal(judge([], new Set(), [goal([0.5, 0])])[0]?.because, 'why not')
})

t.test('what was not measured is neither reached nor lost', async t => {
  const everything = new Set(GOALS.map(({ id }) => id))
  t.equal(everything.size, GOALS.length, 'no two goals have one name')
  const results = judge([roundWith({ 'bare-fastify': 100 })], everything)
  t.strictSame(
    results.filter(({ reached, isRegression }) => reached !== undefined || isRegression),
    [],
  )
  t.strictSame(
    judge([], everything).filter(({ reached }) => reached !== undefined),
    [],
    'nor of a run without a round',
  )
})

t.test('each goal is found in what was measured', async t => {
  const rounds = [1, 2, 4].map(busy => ({
    ...roundWith({
      'bare-fastify': 1000 / busy,
      embedded: 950 / busy,
      'embedded-backlog': 930 / busy,
      redis: 800 / busy,
      nats: 700 / busy,
      rabbitmq: 300 / busy,
      kafka: 760 / busy,
      bullmq: 310 / busy,
      'fastify-xadd': 700 / busy,
      'fastify-bullmq': 300 / busy,
      'node-rabbitmq': 310 / busy,
      'debian-webhook': 90 / busy,
      'node-red': 400 / busy,
    }),
    halfLoad: { embedded: paced(3 * busy), 'bare-fastify': paced(2 * busy) },
    overload: { ...OVERLOAD, accepted: 900, capacity: 950, refused: 10, refusedP99: 2000, failed: 3 },
    ready: [400, 900, 410],
  }))
  const results = judge(rounds, new Set())
  t.strictSame(
    Object.fromEntries(results.map(({ id, value, reached }) => [id, [value?.median.toFixed(3), reached]])),
    {
      embedded: ['0.950', true],
      redis: ['0.800', true],
      nats: ['0.700', false],
      rabbitmq: ['0.300', false],
      kafka: ['0.760', true],
      'debian-webhook': ['10.556', true],
      'xadd-by-hand': ['1.143', true],
      'bullmq-by-hand': ['1.033', true],
      'rabbitmq-by-hand': ['0.968', false],
      'node-red': ['2.000', true],
      'half-load': ['1.500', true],
      backlog: ['0.979', true],
      memory: ['120.000', true],
      ready: ['410.000', true],
      overload: ['0.947', false],
      'overload-answers': ['13.000', false],
    },
  )
})

t.test(
  'what waited at the sender is neither refused nor failed, and nobody knows of refusals where there were none',
  async t => {
    const cases: [overload: Partial<OverloadSample>, fared: number | undefined][] = [
      [{ unsent: 1_000_000 }, 0],
      [{ failed: 2 }, 2],
      [{ refusedP99: 1_001 }, 100],
      [{ refused: 0, refusedP99: 0 }, undefined],
    ]
    for (const [overload, fared] of cases) {
      const rounds = [{ ...roundWith({ embedded: 900 }), overload: { ...OVERLOAD, ...overload } }]
      const values = Object.fromEntries(judge(rounds, new Set()).map(({ id, value }) => [id, value?.median]))
      t.equal(values['overload-answers'], fared, JSON.stringify(overload))
      t.equal(values['overload'], 1)
    }
  },
)

function paced(p99: number) {
  return { rate: 500, offered: 500, accepted: 500, p50: 1, p99, p999: 9 }
}
