import { parseArgs } from 'node:util'
import { DRIVERS, type DriverName } from './schedule.ts'

/** What a run is asked for. `pace`: ms from one fault to the next, on average. */
export type RunOptions = {
  seed: number
  drivers: DriverName[]
  /** Of all drivers together. */
  events: number
  faults: number
  pace: number
  /** Only this scene of each driver. */
  scene: number | undefined
  /** The document that the report is written into. */
  report: string | undefined
  verbose: boolean
  /** What repeats the run, behind the name of the command. */
  again: string
}

export const HELP = `Plays faults on the service while events are sent to it, and looks for what was promised.

  --seed N         what is drawn: the same again for the same seed (a random one, which is printed)
  --driver NAMES   of the queues, comma separated: ${DRIVERS.join(', ')} (all)
  --events N       to be acknowledged, by all together (20000)
  --faults N       for all together (168)
  --minutes N      about how long the faults take, for all together (1.8 s from one to the next)
  --scene N        only this scene of each driver
  --short          what continuous integration runs: a few faults for each queue
  --report FILE    writes the result into the document, in place of the one before
  --verbose        says when each fault begins and ends
`

const DEFAULTS = { events: 20_000, faults: 168, pace: 1_800 }
/** For each driver. */
const SHORT = { events: 1_000, faults: 9, pace: 1_000 }

/** The options of a command line. Throws a TypeError that says what is wrong with it; `random` makes a seed. */
export function optionsOf(args: string[], random: () => number): RunOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      driver: { type: 'string', default: 'all' },
      events: { type: 'string' },
      faults: { type: 'string' },
      minutes: { type: 'string' },
      scene: { type: 'string' },
      report: { type: 'string' },
      short: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const seed = values.seed === undefined ? random() : numberOf('seed', values.seed, 0)
  const drivers = driversOf(values.driver)
  const defaults = values.short
    ? { ...SHORT, events: SHORT.events * drivers.length, faults: SHORT.faults * drivers.length }
    : DEFAULTS
  const events = values.events === undefined ? defaults.events : numberOf('events', values.events)
  const faults = values.faults === undefined ? defaults.faults : numberOf('faults', values.faults)
  const minutes = values.minutes === undefined ? undefined : numberOf('minutes', values.minutes)
  return {
    seed,
    drivers,
    events,
    faults,
    pace: minutes === undefined ? defaults.pace : (minutes * 60_000) / faults,
    scene: values.scene === undefined ? undefined : numberOf('scene', values.scene),
    report: values.report,
    verbose: values.verbose,
    again: [...(values.seed === undefined ? ['--seed', String(seed)] : []), ...args].join(' '),
  }
}

function driversOf(text: string): DriverName[] {
  if (text === 'all') return [...DRIVERS]
  const names = text.split(',')
  const unknown = names.find(name => !DRIVERS.some(driver => driver === name))
  if (unknown !== undefined) throw new TypeError(`--driver: ${unknown} is none of ${DRIVERS.join(', ')}`)
  return DRIVERS.filter(driver => names.includes(driver))
}

function numberOf(name: string, text: string, least = 1): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least || number > 2 ** 31 - 1)
    throw new TypeError(`--${name}: ${text} is not a whole number from ${least}`)
  return number
}
