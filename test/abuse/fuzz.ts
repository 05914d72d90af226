import { converse } from './conversation.ts'
import { examine, type Judge } from './findings.ts'
import { readHttp } from './http-model.ts'
import { Random } from './random.ts'
import { damage } from './wire.ts'

/** One side of a service that is attacked: `write` makes a request of some kind, `n` being like no other. */
export type Side = {
  name: string
  port: number
  judge: Judge
  write: (random: Random, n: string) => string
}

export type FuzzOptions = {
  seed: number
  /** So many requests, one or more on each connection. */
  cases: number
  sides: readonly Side[]
  connections: number
  /** The number of the first conversation; the same numbers of a seed are the same conversations. */
  first?: number
  /** Is told of the number of cases so far, now and then, and waited for. */
  pause?: (done: number) => Promise<void>
}

/** What came of it all. */
export type FuzzReport = {
  cases: number
  conversations: number
  /** Answers by status. */
  answers: Record<string, number>
  /** Ids of the events that were taken, as answered. */
  taken: Set<string>
  /** Ids of events that could be taken, but had no answer, each with the number of its conversation. */
  unanswered: Map<string, number>
  problems: string[]
}

const PAUSE_EVERY = 5_000
const TIMEOUT = 30_000
const MOST_PROBLEMS = 20

/** Attacks the sides of a running service until so many cases are over, or too many problems found. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, cases, sides, connections, first = 0, pause } = options
  const report: FuzzReport = {
    cases: 0,
    conversations: 0,
    answers: {},
    taken: new Set(),
    unanswered: new Map(),
    problems: [],
  }
  let next = first
  let nextPause = PAUSE_EVERY
  let pausing: Promise<void> | undefined

  async function work(): Promise<void> {
    while (report.cases < cases && report.problems.length < MOST_PROBLEMS) {
      if (pause && report.cases >= nextPause) {
        nextPause += PAUSE_EVERY
        pausing = pause(report.cases)
      }
      await pausing
      await talk(seed, next++, sides, report)
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
  return report
}

async function talk(seed: number, number: number, sides: readonly Side[], report: FuzzReport): Promise<void> {
  const random = new Random(seed, number)
  const side = random.pick(sides)
  if (side === undefined) throw new RangeError('no side to attack')
  const requests = Array.from({ length: 1 + random.below(8) }, (_, index) => {
    const bytes = side.write(random, `${seed}-${number}-${index}`)
    return random.chance(0.1) ? damage(bytes, random) : bytes
  })
  report.cases += requests.length
  report.conversations++
  const bytes = requests.join('')
  const reading = readHttp(bytes)
  const cuts = random.chance(0.15) ? [random.below(bytes.length), random.below(bytes.length)] : []
  const pieces = piecesOf(bytes, cuts)
  const from = `127.0.${1 + (number % 100)}.1`
  const where = `conversation ${number} of seed ${seed} with the ${side.name} listener`
  try {
    const outcome = await converse({ port: side.port, from, pieces, reading, timeout: TIMEOUT })
    const { problems, taken, unanswered } = examine(reading, outcome, side.judge)
    for (const { status } of outcome.answers) report.answers[status] = (report.answers[status] ?? 0) + 1
    for (const id of taken) report.taken.add(id)
    for (const id of unanswered) report.unanswered.set(id, number)
    if (problems.length > 0)
      report.problems.push(`${where}: ${problems.join('; ')}\n  ${JSON.stringify(bytes).slice(0, 1_500)}`)
  } catch (error) {
    report.problems.push(`${where}: ${(error as Error).message}\n  ${JSON.stringify(bytes).slice(0, 1_500)}`)
  }
}

function piecesOf(bytes: string, cuts: readonly number[]): string[] {
  const ends = [...cuts, bytes.length].toSorted((a, b) => a - b)
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end)).filter(piece => piece !== '')
}
