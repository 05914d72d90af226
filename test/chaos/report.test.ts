import t from 'tap'
import type { Outcome } from './play.ts'
import { BEGIN, END, faultsOf, lineOf, reportOf, tableOf, withReport } from './report.ts'
import { plan, type DriverName } from './schedule.ts'

function outcome(driver: DriverName, more: Partial<Outcome> = {}): Outcome {
  const can = { volumes: true, clock: true }
  const [scene] = plan({ seed: 1, driver, events: 1_000, faults: 10, pace: 100, can })
  if (scene === undefined) throw new Error('no scene')
  return {
    scene,
    violations: [],
    sent: 1_200,
    acknowledged: 1_100,
    delivered: 1_150,
    repeated: 3,
    answers: { 200: 1_100, 503: 2 },
    forged: 55,
    recovery: 1_234,
    memory: 150,
    endings: 0,
    elapsed: 20_000,
    ...more,
  }
}

t.test('the table has a line for each queue and one for all', async t => {
  const lines = tableOf([outcome('redis'), outcome('redis', { memory: 200 }), outcome('nats')]).split('\n')
  t.equal(lines.length, 5)
  t.match(
    lines[2],
    '| redis | 2 | 20 | 2,400 | 2,200 | 2,300 | 6 | 0 | 1.2 s at most | 200 MB at most | 40 s |',
  )
  t.match(lines[4], '| all | 3 | 30 |')
  t.equal(tableOf([outcome('redis')]).split('\n').length, 3)
})

t.test('a scene is told in a line, and its faults are counted', async t => {
  const one = outcome('redis', { endings: 1 })
  t.match(
    lineOf(one),
    /^redis, scene 1: .*; 10 faults; 1,100 acknowledged; 55 forged refused; .*answers: 200 1,100, 503 2$/,
  )
  const counts = [...faultsOf([one]).matchAll(/ (\d+) \|$/gm)].map(([, count]) => Number(count))
  t.equal(
    counts.reduce((sum, count) => sum + count),
    10,
  )
})

t.test('a report names the run and what was violated', async t => {
  const facts = {
    command: 'npm run chaos -- --seed 1',
    seed: 1,
    date: '2026-01-01',
    commit: 'abc',
    machine: '2 cores',
    versions: 'Node 24',
  }
  t.match(
    reportOf([outcome('redis')], facts),
    /`npm run chaos -- --seed 1`, on 2026-01-01[^]*Nothing was violated/,
  )
  const disordered = Array.from({ length: 1_004 }, (_, index) => ({ what: 'disordered', detail: `${index}` }))
  const bad = outcome('redis', { violations: [{ what: 'lost', detail: '1 of 2' }, ...disordered] })
  t.match(
    reportOf([bad], facts),
    '\n- redis, scene 1: lost: 1 of 2\n- redis, scene 1: disordered: 0; 1; 2; and 1,001 more\n',
    'a kind in a line',
  )
})

t.test('a report takes the place of the one before, and leaves the rest of the document', async t => {
  const first = withReport('# Title\n\nText.\n', 'one')
  t.equal(first, `# Title\n\nText.\n\n${BEGIN}\n\none\n\n${END}\n`)
  t.equal(withReport(`${first}\nMore.\n`, 'two'), `# Title\n\nText.\n\n${BEGIN}\n\ntwo\n\n${END}\n\nMore.\n`)
  t.equal(withReport('', 'one'), `${BEGIN}\n\none\n\n${END}\n`)
})
