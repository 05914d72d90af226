import { join } from 'node:path'
import { measureOverload, measurePaced, measureSubject, type Measuring } from './measure.ts'
import type { Options } from './options.ts'
import { openProgress } from './progress.ts'
import { eventsNeeded, syncsPerSecond, writeFiles } from './prepare.ts'
import { prepareRestarts, type Restarts } from './readiness.ts'
import { judge } from './goals.ts'
import { commitOf, describeMachine } from './machine.ts'
import { readReached, writeReport } from './report.ts'
import type { Results, Round } from './results.ts'
import { tablesOf } from './tables.ts'
import { chosen, SUBJECTS } from './subjects/all.ts'
import { BASELINE } from './subjects/ceilings.ts'
import type { Subject } from './subjects/subject.ts'
import { atWorkplace, started, type Workplace } from './workplace.ts'

/** What is measured at half load; the rate is by what the first of them takes. */
const PACED = ['embedded', BASELINE]
const RESTARTS = 3

/** Everything that lasts for a whole run. */
type Bench = Workplace & {
  options: Options
  /** Undefined when only some subjects are measured, none of them embedded. */
  restarts: Restarts | undefined
  subjects: Subject[]
}

/**
 * Measures everything in rounds, in each of which each subject is started, warmed, measured, counted and ended before the next one
 * is. Resolves with whether no goal was lost. Throws when a queue lost what was acknowledged.
 */
export async function runBenchmarks({
  processors,
  ...options
}: Options & { processors?: string }): Promise<boolean> {
  const subjects = chosen(options.subjects)
  const { rounds, backlog, seed } = options
  const progress = openProgress(rounds)
  const at = { backlog, seed, progress, ...(processors !== undefined && { processors }) }
  return atWorkplace(at, async workplace => {
    const { scope, folder } = workplace
    const isEmbedded = subjects.some(({ name }) => name === 'embedded')
    const bench: Bench = {
      ...workplace,
      options,
      subjects,
      restarts: isEmbedded ? await prepareRestarts(scope, join(folder, 'restarts')) : undefined,
    }
    return report(bench, await measureRounds(bench))
  })
}

async function measureRounds(bench: Bench): Promise<Round[]> {
  const count = await eventsNeeded(bench.folder, bench.sender, bench.options)
  const rounds: Round[] = []
  for (let index = 0; index < bench.options.rounds; index++) {
    bench.progress.round(index)
    rounds.push(await measureRound(bench, { index, count }))
  }
  return rounds
}

async function measureRound(
  bench: Bench,
  { index, count }: { index: number; count: number },
): Promise<Round> {
  const { options, progress, sender, folder } = bench
  const { connections, warmUp, seconds } = options
  const files = writeFiles(folder, `${options.seed}:${index}`, count)
  const measuring = { sender, files, connections, warmUp, seconds }
  const round: Round = { subjects: {}, halfLoad: {} }
  for (const subject of bench.subjects) {
    const sample = await started(bench, subject, running => measureSubject(subject, running, measuring))
    if (sample === undefined) continue
    round.subjects[subject.name] = sample
    progress.sample(subject.name, sample)
  }
  await measureRest(bench, round, measuring)
  return round
}

/** What is not a subject, and depends on what the embedded queue took in this round. */
async function measureRest(bench: Bench, round: Round, measuring: Measuring): Promise<void> {
  const { progress, restarts, subjects } = bench
  const capacity = round.subjects['embedded']?.perSecond
  if (capacity === undefined || restarts === undefined) return
  for (const name of PACED) {
    const subject = subjects.find(subject => subject.name === name)
    if (subject === undefined) continue
    const paced = await started(bench, subject, running =>
      measurePaced(name, running, measuring, capacity / 2),
    )
    if (paced === undefined) continue
    round.halfLoad[name] = paced
    progress.line(`${name} at half load`, `${Math.round(paced.offered)}/s, p99 ${paced.p99.toFixed(2)} ms`)
  }
  const embedded = subjects.find(({ name }) => name === 'embedded')
  const overload =
    embedded && (await started(bench, embedded, at => measureOverload('embedded', at, measuring, capacity)))
  if (overload) {
    round.overload = overload
    progress.line(
      'embedded at 3 × capacity',
      `${Math.round(overload.accepted)}/s of ${Math.round(overload.offered)}/s`,
    )
  }
  round.ready = []
  for (let count = 0; count < RESTARTS; count++) round.ready.push(await restarts.restart())
  progress.line('ready after', `${round.ready.map(Math.round).join(', ')} ms`)
  round.fdatasync = await syncsPerSecond(bench.folder)
  progress.line('fdatasync', `${round.fdatasync}/s`)
}

function report({ options, sender, skipped }: Bench, rounds: Round[]): boolean {
  const goals = judge(rounds, readReached())
  const { seed, seconds, connections } = options
  const results: Results = {
    machine: describeMachine(),
    run: {
      date: new Date().toISOString(),
      commit: commitOf(),
      seed,
      rounds: rounds.length,
      seconds,
      connections,
      sender: sender.tool,
    },
    skipped,
    goals,
    rounds,
  }
  console.log(`\n${tablesOf(results, SUBJECTS)}`)
  if (options.out !== undefined) writeReport(options.out, results, SUBJECTS)
  return options.quick || !goals.some(({ isRegression }) => isRegression)
}
