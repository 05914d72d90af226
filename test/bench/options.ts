import { parseArgs } from 'node:util'
import { LONGEST_WARM_UP, WARM, type WarmUp } from './warm.ts'

/** How a run is made. Durations in seconds. */
export type Options = {
  /** Names of subjects; undefined: all. */
  subjects: string[] | undefined
  rounds: number
  seconds: number
  warmUp: WarmUp
  connections: number
  seed: string
  /** How many events wait in `embedded-backlog`. */
  backlog: number
  /** Where the report is written; undefined: nowhere. */
  out: string | undefined
  /** A look whether everything works: its numbers say nothing. */
  quick: boolean
}

const REPORT = 'docs/benchmarks'

export const HELP = `npm run bench -- [options]
  --subjects a,b     only these, and what they are compared with
  --rounds 5         how often each is started and measured
  --seconds 4        how long each is measured in a round
  --warm-up 2        before that, for so long, and again until ${WARM} requests are answered; ${LONGEST_WARM_UP} s at most
  --connections 64
  --seed TEXT        of the events; random unless given
  --out FOLDER       where results.json, the tables and the plots go; ${REPORT} when everything is measured in at least 5 rounds
  --quick            one round of a second: whether it works, not how fast
`

/** Reads the command line. Throws on what is none of its options, or no positive number. */
export function parseOptions(args: string[]): Options & { help: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      subjects: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      connections: { type: 'string', default: '64' },
      seed: { type: 'string', default: crypto.randomUUID().slice(0, 8) },
      out: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, help, seed } = values
  const rounds = positive('rounds', values.rounds ?? (quick ? '1' : '5'))
  const subjects = values.subjects?.split(',')
  const isFull = subjects === undefined && rounds >= 5 && !quick
  return {
    subjects,
    rounds,
    seconds: positive('seconds', values.seconds ?? (quick ? '1' : '4')),
    warmUp: {
      seconds: positive('warm-up', values['warm-up'] ?? (quick ? '1' : '2')),
      answers: quick ? 0 : WARM,
    },
    connections: positive('connections', values.connections),
    seed,
    backlog: quick ? 10_000 : 1_000_000,
    out: values.out ?? (isFull ? REPORT : undefined),
    quick,
    help,
  }
}

/** wrk takes whole seconds, so everything is whole. */
export function positive(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} ${text} is no positive whole number`)
  return Number(text)
}
