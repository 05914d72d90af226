import { parseArgs } from 'node:util'
import { positive } from '../options.ts'
import { LONGEST_WARM_UP, WARM, type WarmUp } from '../warm.ts'
import { CURVES } from './curves.ts'

/** How a run is made. Durations in seconds. */
export type ScaleOptions = {
  /** Names of curves; undefined: all. */
  only: string[] | undefined
  rounds: number
  seconds: number
  warmUp: WarmUp
  seed: string
  /** Where the report is written; undefined: nowhere. */
  out: string | undefined
  /** A look whether everything works: its numbers say nothing. */
  quick: boolean
}

const REPORT = 'docs'

export const HELP = `npm run scale -- [options]
  --only a,b         only these: ${CURVES.map(({ name }) => name).join(', ')}
  --rounds 3         how often each point is measured
  --seconds 2        how long in a round
  --warm-up 1        before that, for so long, and again until ${WARM} requests are answered; ${LONGEST_WARM_UP} s at most
  --seed TEXT        of the events; random unless given
  --out FOLDER       where scaling.md, benchmarks/scale.json and the plots go; ${REPORT} when everything is measured in at least 3 rounds
  --quick            one round of the ends of each curve, a second each: whether it works, not how fast
`

/** Reads the command line. Throws on what is none of its options, or no positive number. */
export function parseScaleOptions(args: string[]): ScaleOptions & { help: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string', default: '1' },
      seed: { type: 'string', default: crypto.randomUUID().slice(0, 8) },
      out: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, help, seed } = values
  const rounds = positive('rounds', values.rounds ?? (quick ? '1' : '3'))
  const only = values.only?.split(',')
  const isFull = only === undefined && rounds >= 3 && !quick
  return {
    only,
    rounds,
    seconds: positive('seconds', values.seconds ?? (quick ? '1' : '2')),
    warmUp: { seconds: positive('warm-up', values['warm-up']), answers: quick ? 0 : WARM },
    seed,
    out: values.out ?? (isFull ? REPORT : undefined),
    quick,
    help,
  }
}
