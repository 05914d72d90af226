import type { GoalResult, Round, Sample } from './results.ts'
import { figure, median, ratio, type Figure } from './statistics.ts'
import { BASELINE } from './subjects/ceilings.ts'

/** What is to be reached, in one run on one machine. */
export type Goal = {
  id: string
  says: string
  unit: string
  bound: number
  atLeast: boolean
  /** Undefined when what it is about was not measured. */
  value: (rounds: readonly Round[]) => Figure | undefined
  /** Why it is not reached, as far as that is known. */
  because?: string
}

/** How far a figure may be beyond its bound at least before that counts, as a share of the bound. */
const TOLERANCE = 0.02

function numbers(rounds: readonly Round[], subject: string, name: keyof Sample): number[] | undefined {
  const samples = rounds.map(({ subjects }) => subjects[subject])
  return all(samples)?.map(sample => sample[name])
}

/** How many more events a subject takes than another. */
export function speedOf(rounds: readonly Round[], subject: string, base = BASELINE): Figure | undefined {
  const values = numbers(rounds, subject, 'perSecond')
  const bases = numbers(rounds, base, 'perSecond')
  return values && bases && ratio(values, bases)
}

function all<T>(values: (T | undefined)[]): T[] | undefined {
  return values.every(value => value !== undefined) && values.length > 0 ? values : undefined
}

function speed(id: string, bound: number, of: string, base = BASELINE, because?: string): Goal {
  return {
    id,
    says: `${of} takes ≥ ${bound} × what ${base} takes`,
    unit: '×',
    bound,
    atLeast: true,
    value: rounds => speedOf(rounds, of, base),
    ...(because !== undefined && { because }),
  }
}

const TWO_CORES =
  'on two processors the sender and the broker take from what the service has, and bare Fastify shares them with the sender alone'

const MORE_WORK =
  'for each event it verifies, hashes, wraps and hands it to another thread, which syncs it: more than twice the processor time'
const BY_HAND =
  'what is written by hand has no spool, no order by conversation, no recognition of repeats, no limits, metrics or traces'
const STALLS =
  'what comes while the log is checkpointed waits for it, some 8 ms, and the thread that does it shares the two processors'
const LOADING = 'loading the modules takes most of it'
const GARBAGE =
  'some 60 MB are the program of Node itself, and V8 lets garbage lie as long as there is memory'

const CROWDED =
  'with thousands of requests in memory the garbage collector takes a sixth of the time of the main thread instead of a fiftieth, and the ' +
  'sender beside it twice as much'
const IN_TURN =
  'a refusal waits its turn among thousands of requests, which one thread reads and verifies before it may refuse'

export const GOALS: Goal[] = [
  speed('embedded', 0.9, 'embedded', BASELINE, MORE_WORK),
  speed('redis', 0.75, 'redis', BASELINE, TWO_CORES),
  speed('nats', 0.75, 'nats', BASELINE, TWO_CORES),
  speed('rabbitmq', 0.75, 'rabbitmq', BASELINE, TWO_CORES),
  speed('kafka', 0.75, 'kafka', BASELINE, TWO_CORES),
  speed('debian-webhook', 10, 'embedded', 'debian-webhook'),
  speed('xadd-by-hand', 1, 'redis', 'fastify-xadd', BY_HAND),
  speed('bullmq-by-hand', 1, 'bullmq', 'fastify-bullmq', BY_HAND),
  speed('rabbitmq-by-hand', 1, 'rabbitmq', 'node-rabbitmq', BY_HAND),
  speed('node-red', 1, 'redis', 'node-red'),
  {
    id: 'half-load',
    says: 'embedded at half load: p99 ≤ 2 × that of bare Fastify at the same rate',
    unit: '×',
    bound: 2,
    atLeast: false,
    because: STALLS,
    value(rounds) {
      const values = all(rounds.map(({ halfLoad }) => halfLoad['embedded']?.p99))
      const bases = all(rounds.map(({ halfLoad }) => halfLoad[BASELINE]?.p99))
      return values && bases && ratio(values, bases)
    },
  },
  speed('backlog', 0.95, 'embedded-backlog', 'embedded'),
  {
    id: 'memory',
    says: 'embedded with 1,000,000 events waiting, after taking events: RSS ≤ 150 MB',
    unit: 'MB',
    bound: 150,
    atLeast: false,
    because: GARBAGE,
    value(rounds) {
      const values = numbers(rounds, 'embedded-backlog', 'rss')
      return values && figure(values)
    },
  },
  {
    id: 'ready',
    says: 'ready ≤ 500 ms after the start of the process, with a kept secret',
    unit: 'ms',
    bound: 500,
    atLeast: false,
    because: LOADING,
    value(rounds) {
      const values = all(rounds.map(({ ready }) => ready && median(ready)))
      return values && figure(values)
    },
  },
  {
    id: 'overload',
    says: 'at 3 × capacity the embedded queue takes ≥ 0.95 of its capacity',
    unit: '×',
    bound: 0.95,
    atLeast: true,
    because: CROWDED,
    value(rounds) {
      const samples = all(rounds.map(({ overload }) => overload))
      return samples && figure(samples.map(({ accepted, capacity }) => accepted / capacity))
    },
  },
  {
    id: 'overload-answers',
    says: 'and answers the rest 503 within 1 s (p99): requests that fared otherwise',
    unit: 'requests',
    bound: 0,
    atLeast: false,
    because: IN_TURN,
    value(rounds) {
      // Where nothing was refused nothing is known of refusals.
      const samples = all(rounds.map(({ overload }) => (overload?.refused === 0 ? undefined : overload)))
      return (
        samples &&
        figure(samples.map(({ failed, refused, refusedP99 }) => failed + (refusedP99 > 1000 ? refused : 0)))
      )
    },
  },
]

/** Compares what was measured with the goals, and with those that were reached once. */
export function judge(
  rounds: readonly Round[],
  reachedOnce: ReadonlySet<string>,
  goals = GOALS,
): GoalResult[] {
  return goals.map(({ value: valueOf, because, ...goal }) => {
    const value = valueOf(rounds)
    if (value === undefined) return goal
    const beyond = goal.atLeast ? goal.bound - value.median : value.median - goal.bound
    const reached = beyond <= 0
    const isRegression =
      !reached && reachedOnce.has(goal.id) && beyond > Math.max(value.noise, goal.bound * TOLERANCE)
    return { ...goal, value, reached, isRegression, ...(!reached && because !== undefined && { because }) }
  })
}
