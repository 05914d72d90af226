import { Registry } from 'prom-client'
import t from 'tap'
import { Buckets } from '../../src/admin/histogram.ts'
import { Kinds } from '../../src/admin/metric-kinds.ts'

/** What a scrape shows of the metric that is added. */
async function shown(add: (kinds: Kinds) => void): Promise<string[]> {
  const registry = new Registry()
  add(new Kinds(registry))
  return (await registry.metrics()).trim().split('\n')
}

const states = (read: () => Record<string, boolean> | undefined) =>
  shown(kinds => kinds.states({ name: 's', help: 'S', label: 'state', read }))

/** The histogram of the values 0.5, 1.5, 1.5 and 3. */
const lines = (labels: string, alone: string) => [
  `jelou_receiver_h_bucket{${labels}le="1"} 1`,
  `jelou_receiver_h_bucket{${labels}le="2"} 3`,
  `jelou_receiver_h_bucket{${labels}le="+Inf"} 4`,
  `jelou_receiver_h_sum${alone} 6.5`,
  `jelou_receiver_h_count${alone} 4`,
]

const HEAD = ['# HELP jelou_receiver_a_total It counts', '# TYPE jelou_receiver_a_total counter']

t.test('numbers, numbers by a label, and none', async t => {
  const about = { name: 'a_total', help: 'It counts', label: 'kind' }
  const cases: [reading: number | Record<string, number> | null | undefined, ...lines: string[]][] = [
    [5, 'jelou_receiver_a_total 5'],
    [0, 'jelou_receiver_a_total 0'],
    [
      { x: 1, 'a"b\\': 2 },
      'jelou_receiver_a_total{kind="x"} 1',
      'jelou_receiver_a_total{kind="a\\"b\\\\"} 2',
    ],
    [{}],
    [null],
    [undefined],
  ]
  for (const [reading, ...lines] of cases) {
    const now = await shown(kinds => kinds.counter({ ...about, read: () => reading }))
    t.same(now, [...HEAD, ...lines])
    const later = await shown(kinds => kinds.gauge({ ...about, read: async () => reading }))
    t.same(later, [HEAD[0], String(HEAD[1]).replace('counter', 'gauge'), ...lines], 'asynchronous too')
  }
})

t.test('constant labels stand in every sample', async t => {
  const [, , ...lines] = await shown(kinds => {
    kinds.counter({
      name: 'a_total',
      help: 'A',
      label: 'b',
      constant: { driver: 'd' },
      read: () => ({ x: 1, y: 2 }),
    })
  })
  t.same(lines, ['jelou_receiver_a_total{driver="d",b="x"} 1', 'jelou_receiver_a_total{driver="d",b="y"} 2'])
  t.same((await shown(kinds => kinds.info('i_info', 'I', { version: '1' }))).slice(2), [
    'jelou_receiver_i_info{version="1"} 1',
  ])
})

t.test('states are 1 or 0, and there may be none', async t => {
  t.same((await states(() => ({ on: true, off: false }))).slice(2), [
    'jelou_receiver_s{state="on"} 1',
    'jelou_receiver_s{state="off"} 0',
  ])
  t.same((await states(() => undefined)).slice(2), [])
})

t.test('histograms are cumulated, with and without a label', async t => {
  const buckets = new Buckets([1, 2])
  for (const value of [0.5, 1.5, 1.5, 3]) buckets.observe(value)
  const plain = await shown(kinds => kinds.histogram({ name: 'h', help: 'H', read: () => buckets }))
  t.same(plain, ['# HELP jelou_receiver_h H', '# TYPE jelou_receiver_h histogram', ...lines('', '')])
  const labelled = await shown(kinds => {
    kinds.histogram({ name: 'h', help: 'H', label: 'l', read: () => ({ x: buckets, y: new Buckets([1]) }) })
  })
  t.same(labelled.slice(2, 7), lines('l="x",', '{l="x"}'))
  t.equal(labelled.at(-1), 'jelou_receiver_h_count{l="y"} 0')
})

t.test('a name is taken once', async t => {
  const kinds = new Kinds(new Registry())
  kinds.gauge({ name: 'a', help: 'A', read: () => 1 })
  t.throws(() => kinds.gauge({ name: 'a', help: 'A', read: () => 2 }), /already been registered/)
})
