import t from 'tap'
import { parseOptions } from './options.ts'

t.test('only a whole run writes over the committed report', async t => {
  const cases: [args: string[], out: string | undefined][] = [
    [[], 'docs/benchmarks'],
    [['--rounds', '7', '--seed', 'a'], 'docs/benchmarks'],
    [['--rounds', '4'], undefined],
    [['--subjects', 'embedded'], undefined],
    [['--quick'], undefined],
    [['--quick', '--out', 'elsewhere'], 'elsewhere'],
  ]
  for (const [args, out] of cases) t.equal(parseOptions(args).out, out, args.join(' '))
})

t.test('what is not given is by default', async t => {
  t.match(parseOptions([]), {
    rounds: 5,
    seconds: 4,
    warmUp: { seconds: 2, answers: 30_000 },
    connections: 64,
    backlog: 1_000_000,
    quick: false,
  })
  t.match(parseOptions(['--quick']), {
    rounds: 1,
    seconds: 1,
    warmUp: { seconds: 1, answers: 0 },
    backlog: 10_000,
    quick: true,
  })
  t.match(parseOptions(['--subjects', 'a,b', '--seconds', '9']), { subjects: ['a', 'b'], seconds: 9 })
  t.not(parseOptions([]).seed, parseOptions([]).seed)
})

t.test('what is no positive whole number is named', async t => {
  for (const text of ['0', '1.5', '-2', 'x'])
    t.throws(() => parseOptions([`--rounds=${text}`]), {
      message: `--rounds ${text} is no positive whole number`,
    })
  t.throws(() => parseOptions(['--round', '5']))
})
