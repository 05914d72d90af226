import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sampleOf } from '../fixtures/rounds.ts'
import { writeScaleReport } from './report.ts'
import type { ScaleResults } from './results.ts'
import { scaleTables } from './tables.ts'
import { testDirectory } from '../../fixtures/directory.ts'

const samples = (...speeds: number[]) => speeds.map(sampleOf)

/** Each round is twice as busy as the one before: ratios do not notice. */
const RESULTS: ScaleResults = {
  machine: { processors: '2 × a processor', Node: 'v24' },
  run: {
    date: '2026-01-02T03:04:05.678Z',
    commit: 'abcdef123456',
    seed: 'seed',
    rounds: 3,
    seconds: 2,
    warmUp: { seconds: 1, answers: 30_000 },
  },
  processors: 2,
  skipped: { redis: 'redis-server is missing' },
  curves: [
    {
      name: 'connections',
      axis: 'connections',
      sender: 'generator',
      points: [
        {
          value: 1,
          samples: { embedded: samples(400, 200, 100), 'bare-fastify': samples(1_600, 800, 400) },
        },
        {
          value: 64,
          samples: { embedded: samples(8_000, 4_000, 2_000), 'bare-fastify': samples(16_000, 8_000, 4_000) },
        },
      ],
    },
    {
      name: 'backlog',
      axis: 'events that wait',
      sender: 'wrk',
      points: [
        { value: 0, samples: { embedded: samples(4_000, 4_000, 4_000) } },
        { value: 1_000_000, samples: { embedded: samples(3_800, 3_800, 3_800) } },
      ],
    },
  ],
}

t.test('the tables have absolute numbers, and ratios of the same round', async t => {
  const text = scaleTables(RESULTS)
  t.match(
    text,
    'Measured 2026-01-02 03:04 UTC at commit abcdef123456: medians of 3 rounds of 2 s after 30000 requests or 8 s',
  )
  t.match(text, '| 64 | embedded | 4,000 | 20.0 (20.0 to 20.0) | 0.500 (0.500 to 0.500) | 1.50 | 12.0 |')
  t.match(text, '| 64 | bare-fastify | 8,000 | 10.0 (10.0 to 10.0) |  |')
  t.match(text, '| 1,000,000 | embedded | 3,800 | 0.950 (0.950 to 0.950) | 1.50 |')
  t.match(text, '**Skipped**: redis (redis-server is missing).')
  for (const table of text.split('\n\n').filter(part => part.startsWith('|')))
    t.equal(new Set(table.split('\n').map(row => row.split('|').length)).size, 1)
})

t.test('a run on few processors says what it cannot show, one on many does not', async t => {
  t.match(scaleTables(RESULTS), 'share 2 processors')
  t.match(scaleTables(RESULTS), 'replicas take from each other')
  t.notMatch(scaleTables({ ...RESULTS, processors: 8 }), 'cannot show')
})

t.test('what conversations need is by what was measured', async t => {
  // A million of 20 events each are 231.5 a second, ten times as many at the peak; each takes 50 µs.
  t.match(scaleTables(RESULTS), '| 1,000,000 | 231 | 2,315 | 0.116 | 1 | 1.39 |')
  t.match(scaleTables(RESULTS), '| 1,000,000,000 | 231,481 | 2,314,815 | 116 | 579 | 1389 |')
  t.notMatch(scaleTables({ ...RESULTS, curves: [] }), 'conversations')
})

t.test('a report is written between its marks, with a picture of each curve', async t => {
  const folder = testDirectory(t, {
    'scaling.md':
      'before\n<!-- results: written by `npm run scale` -->\nold\n<!-- end of results -->\nafter\n',
  })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  writeScaleReport(folder, RESULTS)
  t.match(
    read('scaling.md'),
    /^before\n<!-- results[^\n]* -->\n\nMeasured [^]*\n<!-- end of results -->\nafter\n$/,
  )
  t.notMatch(read('scaling.md'), 'old')
  t.strictSame(JSON.parse(read('benchmarks/scale.json')), RESULTS)
  for (const name of ['connections', 'backlog']) {
    const text = read(`benchmarks/scale-${name}.svg`)
    t.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^]*<\/svg>\n$/)
    t.notMatch(text, /NaN|Infinity|undefined/)
    t.match(text, 'embedded</text>')
    t.match(read('scaling.md'), `benchmarks/scale-${name}.svg`)
  }
})
