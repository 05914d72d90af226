import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { OVERLOAD, roundWith, resultsOf } from './fixtures/rounds.ts'
import { judge } from './goals.ts'
import { readReached, writeReport } from './report.ts'
import { tablesOf } from './tables.ts'
import { testDirectory } from '../fixtures/directory.ts'

const SUBJECTS = [
  { name: 'bare-fastify', group: 'ceiling', about: 'bare' },
  { name: 'embedded', group: 'ours', about: 'ours' },
  { name: 'debian-webhook', group: 'instead', about: 'theirs' },
] as const

const rounds = [2000, 1000, 1500].map(speed =>
  roundWith({ 'bare-fastify': speed, embedded: speed * 0.95, 'debian-webhook': 100 }),
)

t.test('the tables have every subject, every goal, where it was measured, and what was skipped', async t => {
  const goals = judge(rounds, new Set(['embedded', 'debian-webhook']))
  const text = tablesOf(resultsOf(rounds, { goals, skipped: { kafka: 'java is missing' } }), SUBJECTS)
  const lines = text.split('\n')
  t.match(text, 'Measured 2026-01-02 03:04 UTC at commit abcdef123456: medians of 3 rounds of 4 s')
  t.match(text, 'seed `seed`')
  t.ok(lines.some(line => line.startsWith('| embedded | this service | 1,425 | 0.950 (0.950 to 0.950) |')))
  t.ok(lines.some(line => line.startsWith('| debian-webhook | instead of it | 100 |')))
  t.ok(lines.some(line => /^\| embedded takes ≥ 0\.9 .* \| 0\.950 × \(± 0\.000\) \| yes \|/.test(line)))
  t.ok(lines.some(line => /^\| embedded takes ≥ 10 .* \| 14\.3 × .* \| yes \|/.test(line)))
  t.ok(lines.some(line => /^\| kafka takes .* \| not measured \|/.test(line)))
  t.match(text, '**Skipped**: kafka (java is missing).')
  for (const table of text.split('\n\n').filter(part => part.startsWith('|')))
    t.equal(
      new Set(table.split('\n').map(row => row.split('|').length)).size,
      1,
      'its rows are of one length',
    )
})

t.test('the tables say what became of an overload, and over how many connections', async t => {
  const cases: [connections: number, expected: string][] = [
    [11_500, 'over 11,500 connections: 2,700 events/s due, 1,000 sent'],
    [800, 'over 800 connections, too few to be refused (`ulimit -Hn`): 2,700'],
  ]
  for (const [connections, expected] of cases) {
    const overload = { ...OVERLOAD, connections }
    const text = tablesOf(resultsOf(rounds.map(round => ({ ...round, overload }))), SUBJECTS)
    t.match(text, expected)
    t.match(
      text,
      '900/s taken before the end, 1.00 of capacity (p50 700, p99 900 ms), 100 refused with 503 (p99 400 ms)',
    )
    t.match(text, '0 failed, 5,000 waited at the sender')
  }
})

t.test('a report is written between its marks, and remembers what was reached', async t => {
  const folder = testDirectory(t, {
    'README.md':
      'before\n<!-- results: written by `npm run bench` -->\nold\n<!-- end of results -->\nafter\n',
  })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  t.strictSame(readReached(folder), new Set())
  const results = resultsOf(rounds, { goals: judge(rounds, new Set()) })
  writeReport(folder, results, SUBJECTS)
  t.match(
    read('README.md'),
    /^before\n<!-- results[^\n]* -->\n\nMeasured [^]*\n<!-- end of results -->\nafter\n$/,
  )
  t.notMatch(read('README.md'), 'old')
  t.strictSame(JSON.parse(read('results.json')), JSON.parse(JSON.stringify(results)))
  t.strictSame(readReached(folder), new Set(['embedded', 'debian-webhook']))

  const worse = rounds.map(({ subjects, ...round }) => {
    const { embedded, ...others } = subjects
    return {
      ...round,
      subjects: { ...others, ...(embedded && { embedded: { ...embedded, perSecond: 500 } }) },
    }
  })
  const goals = judge(worse, readReached(folder))
  t.strictSame(
    goals.filter(({ isRegression }) => isRegression).map(({ id }) => id),
    ['embedded', 'debian-webhook'],
  )
  writeReport(folder, resultsOf(worse, { goals }), SUBJECTS)
  t.match(read('README.md'), '**no**, and it was once')
  t.strictSame(readReached(folder), new Set(['embedded', 'debian-webhook']), 'what was reached stays so')
  t.match(read('reached.json'), 'abcdef123456')

  writeFileSync(join(folder, 'README.md'), 'without the marks')
  t.throws(() => writeReport(folder, results, SUBJECTS), /has no line/)
})

t.test('the plots are pictures that name every subject', async t => {
  const folder = join(testDirectory(t), 'made')
  writeReport(folder, resultsOf(rounds), SUBJECTS)
  for (const [name, mark] of [
    ['speed.svg', '<rect x='],
    ['latency.svg', '<circle'],
  ] as const) {
    const text = readFileSync(join(folder, name), 'utf8')
    t.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^]*<\/svg>\n$/)
    t.notMatch(text, /NaN|Infinity|undefined/)
    t.match(text, mark)
    for (const subject of SUBJECTS) t.match(text, `>${subject.name}</text>`)
  }
})
