import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseSender, type Sender } from './load/load.ts'
import { measureOverload, measurePaced, measureSubject, type Measuring } from './measure.ts'
import type { Options } from './options.ts'
import { openProgress, type Progress } from './progress.ts'
import { eventsNeeded, fillBacklog, syncsPerSecond, writeFiles } from './prepare.ts'
import { prepareRestarts, type Restarts } from './readiness.ts'
import { judge } from './goals.ts'
import { commitOf, describeMachine } from './machine.ts'
import { readReached, writeReport } from './report.ts'
import type { Results, Round } from './results.ts'
import { tablesOf } from './tables.ts'
import { Scope } from './scope.ts'
import { Brokers } from './subjects/brokers.ts'
import { chosen, SUBJECTS } from './subjects/all.ts'
import { BASELINE } from './subjects/ceilings.ts'
import type { Running, Subject } from './subjects/subject.ts'

/** What is measured at half load; the rate is by what the first of them takes. */
const PACED = ['embedded', BASELINE]
const RESTARTS = 3

/** Everything that lasts for a whole run. */
type Bench = {
  scope: Scope
  options: Options
  sender: Sender
  folder: string
  brokers: Brokers
  backlog: () => Promise<string>
  /** Undefined when only some subjects are measured, none of them embedded. */
  restarts: Restarts | undefined
  subjects: Subject[]
  skipped: Record<string, string>
  progress: Progress
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
  const scope = new Scope()
  // Brokers lead groups of their own, which a terminal does not interrupt.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void scope.end().finally(() => process.exit(1)))
  const folder = mkdtempSync(join(tmpdir(), 'jelou-receiver-bench-'))
  scope.teardown(async () => rmSync(folder, { recursive: true, maxRetries: 5 }))
  const sender = chooseSender(processors)
  if (sender.tool !== 'wrk')
    console.log('wrk is not on the PATH: our own generator sends, which takes more of the processors')
  try {
    const isEmbedded = subjects.some(({ name }) => name === 'embedded')
    const bench: Bench = {
      scope,
      options,
      sender,
      folder,
      subjects,
      brokers: new Brokers(scope),
      backlog: once(() => fillBacklog(folder, options)),
      restarts: isEmbedded ? await prepareRestarts(scope, join(folder, 'restarts')) : undefined,
      skipped: {},
      progress: openProgress(options.rounds),
    }
    const rounds = await measureRounds(bench)
    return report(bench, rounds)
  } finally {
    await scope.end()
  }
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

let uses = 0

/** Starts a subject for as long as it is measured; undefined when it cannot be started on this machine. */
async function started<T>(
  bench: Bench,
  subject: Subject,
  measure: (running: Running) => Promise<T>,
): Promise<T | undefined> {
  const { name } = subject
  if (name in bench.skipped) return undefined
  const scope = new Scope()
  bench.scope.teardown(() => scope.end())
  const folder = join(bench.folder, `use-${uses++}`)
  mkdirSync(folder, { mode: 0o700 })
  try {
    const queueName = `bench-${name}-${uses}`
    const running = await subject.start({
      scope,
      folder,
      queueName,
      brokers: bench.brokers,
      backlog: bench.backlog,
    })
    if (running !== null) return await measure(running)
    bench.skipped[name] = [...scope.missing.values()].join('; ')
    bench.progress.line(`${name} SKIPPED`, bench.skipped[name])
    return undefined
  } finally {
    await scope.end()
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
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

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
