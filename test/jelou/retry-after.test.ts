import t from 'tap'
import { parseRetryAfter } from '../../src/jelou/retry-after.ts'

const NOW = Date.UTC(2026, 0, 15, 10, 30)

const cases: [name: string, header: string | string[] | undefined, delay: number | undefined][] = [
  ['none', undefined, undefined],
  ['no value', [], undefined],
  ['empty', '', undefined],
  ['seconds', '7', 7000],
  ['spaces around', ' 7 ', 7000],
  ['zero', '0', 0],
  ['ten minutes at most', '86400', 600_000],
  ['too big for a number', '9'.repeat(400), 600_000],
  ['a date', 'Thu, 15 Jan 2026 10:30:20 GMT', 20_000],
  ['a date that has passed', 'Thu, 15 Jan 2026 10:29:00 GMT', 0],
  ['a date far away', 'Fri, 15 Jan 2027 10:30:00 GMT', 600_000],
  ['negative', '-5', undefined],
  ['a fraction', '1.5', undefined],
  ['words', 'later GMT', undefined],
  ['the first of several', ['3', '9'], 3000],
]

for (const [name, header, delay] of cases) {
  void t.test(name, async t => {
    t.equal(parseRetryAfter(header, NOW), delay)
  })
}
