import t from 'tap'
import { optionsOf } from './options.ts'
import { DRIVERS } from './schedule.ts'

const options = (...args: string[]) => optionsOf(args, () => 42)

t.test('without options everything is run, by a seed that can be given again', async t => {
  t.match(options(), {
    seed: 42,
    drivers: DRIVERS,
    events: 20_000,
    faults: 168,
    pace: 1_800,
    again: '--seed 42',
  })
})

t.test('what is given is taken', async t => {
  t.match(
    options('--seed', '7', '--driver', 'nats,embedded', '--events', '10', '--faults', '5', '--scene', '2'),
    {
      seed: 7,
      drivers: ['embedded', 'nats'],
      events: 10,
      faults: 5,
      scene: 2,
      again: '--seed 7 --driver nats,embedded --events 10 --faults 5 --scene 2',
    },
  )
  t.match(options('--minutes', '2', '--faults', '60'), { pace: 2_000 })
  t.match(options('--short', '--driver', 'redis'), { events: 1_000, faults: 9 })
  t.match(options('--report', 'report.md'), { report: 'report.md' })
  t.equal(options('--help'), 'help')
})

t.test('what is wrong is named', async t => {
  const cases: [string[], RegExp][] = [
    [['--driver', 'redis,mysql'], /--driver: mysql is none of/],
    [['--seed', 'x'], /--seed: x is not a whole number/],
    [['--events', '0'], /--events: 0/],
    [['--faults', '-1'], /faults/],
    [['--unknown'], /unknown/],
  ]
  for (const [args, message] of cases) t.throws(() => options(...args), { name: 'TypeError', message })
})
