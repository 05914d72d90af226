import t from 'tap'
import { chosenCurves, CURVES } from './curves.ts'
import { HELP, parseScaleOptions } from './options.ts'

t.test('only a whole run writes over the committed report', async t => {
  const cases: [args: string[], out: string | undefined][] = [
    [[], 'docs'],
    [['--rounds', '5', '--seed', 'a'], 'docs'],
    [['--rounds', '2'], undefined],
    [['--only', 'rooms'], undefined],
    [['--quick'], undefined],
    [['--quick', '--out', 'elsewhere'], 'elsewhere'],
  ]
  for (const [args, out] of cases) t.equal(parseScaleOptions(args).out, out, args.join(' '))
})

t.test('what is not given is by default, and what is none is named', async t => {
  t.match(parseScaleOptions([]), {
    rounds: 3,
    seconds: 2,
    warmUp: { seconds: 1, answers: 30_000 },
    quick: false,
    only: undefined,
  })
  t.match(parseScaleOptions(['--quick']), {
    rounds: 1,
    seconds: 1,
    warmUp: { seconds: 1, answers: 0 },
    quick: true,
  })
  t.match(parseScaleOptions(['--only', 'connections,rooms']), { only: ['connections', 'rooms'] })
  t.throws(() => parseScaleOptions(['--rounds=0']), { message: '--rounds 0 is no positive whole number' })
  t.throws(() => parseScaleOptions(['--curves', 'rooms']))
})

t.test('curves are chosen by their names, which the help tells', async t => {
  t.strictSame(chosenCurves(undefined), CURVES)
  t.strictSame(
    chosenCurves(['rooms', 'connections']).map(({ name }) => name),
    ['connections', 'rooms'],
  )
  t.throws(() => chosenCurves(['room']), { message: /^no curve is called room; there are connections, / })
  for (const { name } of CURVES) t.match(HELP, name)
})
