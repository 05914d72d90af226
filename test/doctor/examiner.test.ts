import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Examiner } from '../../src/doctor/examiner.ts'
import { ok, skipped, warning, wrong, type Finding } from '../../src/doctor/finding.ts'

function examinerOf(finding: () => Finding, options: { interval?: number; first?: number } = {}) {
  const lines: [level: string, fields: object][] = []
  const note = (level: string) => (fields: object) => void lines.push([level, fields])
  let examined = 0
  const run = () => {
    examined++
    return finding()
  }
  const examiner = new Examiner({
    checks: [
      { name: 'clock', run },
      { name: 'disk', run: () => ok('room') },
    ],
    interval: 0,
    log: { info: note('info'), warn: note('warn') },
    ...options,
  })
  return { examiner, lines, examined: () => examined }
}

t.test('tells of each change once, and what is to be seen to', async t => {
  let finding = ok('agrees')
  const { examiner, lines } = examinerOf(() => finding)
  const cases: [finding: Finding, found: string[], level?: string][] = [
    [ok('agrees'), []],
    [wrong('an hour behind', 'set it'), ['an hour behind'], 'warn'],
    [wrong('two hours behind', 'set it'), ['two hours behind']],
    [warning('a little behind', 'set it'), ['a little behind']],
    [ok('agrees'), [], 'info'],
    [skipped('no answer'), []],
    [warning('a little behind', 'set it'), ['a little behind'], 'warn'],
    [skipped('no answer'), [], 'info'],
  ]
  t.same(examiner.found, [], 'nothing before it has looked')
  for (const [next, found, level] of cases) {
    finding = next
    lines.length = 0
    await examiner.examine()
    t.same(
      examiner.found.map(({ name, detail }) => [name, detail]),
      found.map(detail => ['clock', detail]),
    )
    t.same(
      lines.map(([each, fields]) => [each, 'check' in fields && fields.check]),
      level === undefined ? [] : [[level, 'clock']],
      next.detail,
    )
  }
})

t.test('looks again and again until it is told to stop', async t => {
  const { examiner, examined } = examinerOf(() => ok('agrees'), { interval: 2 })
  examiner.start()
  while (examined() < 3) await sleep(1)
  examiner.stop()
  const before = examined()
  await sleep(20)
  t.ok(examined() <= before + 1, 'but for what was under way')
})

t.test('stops although an examination is under way', async () => {
  const { examiner, examined } = examinerOf(() => ok('agrees'), { interval: 1_000, first: 1 })
  examiner.start()
  while (examined() === 0) await sleep(1)
  examiner.stop()
})

t.test('looks no more often for a time that no timer can have', async t => {
  const { examiner, examined } = examinerOf(() => ok('agrees'), { interval: 30 * 86_400_000, first: 1 })
  examiner.start()
  while (examined() === 0) await sleep(1)
  await sleep(50)
  examiner.stop()
  t.equal(examined(), 1)
})

t.test('does not look when it is switched off', async t => {
  const { examiner, examined } = examinerOf(() => ok('agrees'), { interval: 0, first: 1 })
  examiner.start()
  await sleep(20)
  t.equal(examined(), 0)
  examiner.stop()
})
