import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { writeEvents, type EventFile } from '../load/events.ts'
import { commitOf, describeMachine } from '../machine.ts'
import { measureSubject, type Measuring } from '../measure.ts'
import { eventsNeeded } from '../prepare.ts'
import { openProgress } from '../progress.ts'
import type { Sample } from '../results.ts'
import { atWorkplace, started, type Workplace } from '../workplace.ts'
import { chosenCurves, subjectOf, USUAL, type Curve } from './curves.ts'
import type { ScaleOptions } from './options.ts'
import { measureReplicas, startReplicas } from './replicas.ts'
import type { CurveResult, ScaleResults } from './results.ts'

/** More of bodies than one thread verifies in a second. */
const BYTES_PER_SECOND = 300e6

type Run = {
  workplace: Workplace
  options: ScaleOptions
  events: (size: number, rooms: number) => EventFile
  warm: NonNullable<Measuring['warm']>
}

/**
 * Measures the curves in rounds: in each, each point, and at each point each of its subjects, anew. Throws when a queue lost what was
 * acknowledged.
 */
export async function measureScale({
  processors,
  ...options
}: ScaleOptions & { processors?: string }): Promise<ScaleResults> {
  const { rounds, seed, seconds, warmUp, quick } = options
  const curves = chosenCurves(options.only).map(curve => (quick ? endsOf(curve) : curve))
  const progress = openProgress(rounds)
  const at = { backlog: 0, seed, progress, ...(processors !== undefined && { processors }) }
  return atWorkplace(at, async workplace => {
    const count = await eventsNeeded(workplace.folder, workplace.sender, options)
    const run: Run = {
      workplace,
      options,
      events: eventFiles(workplace.folder, count, options),
      warm: { events: warmEvents(workplace.folder, count, options), connections: USUAL.connections },
    }
    const results = curves.map((curve): CurveResult => {
      const { name, axis, values } = curve
      const points = values.map(value => ({ value, samples: {} }))
      return { name, axis, sender: senderOf(run, curve).tool, points }
    })
    for (let round = 0; round < rounds; round++) {
      progress.round(round)
      for (const [index, curve] of curves.entries()) await measureCurve(run, curve, results[index])
    }
    return {
      machine: describeMachine(),
      run: { date: new Date().toISOString(), commit: commitOf(), seed, rounds, seconds, warmUp },
      processors: availableParallelism(),
      skipped: workplace.skipped,
      curves: results,
    }
  })
}

async function measureCurve(run: Run, curve: Curve, result: CurveResult | undefined): Promise<void> {
  for (const { value, samples } of result?.points ?? []) {
    for (const name of curve.subjects) {
      const sample = await measurePoint(run, curve, value, name)
      if (sample === undefined) continue
      const known = (samples[name] ??= [])
      known.push(sample)
      run.workplace.progress.sample(`${curve.name} ${value.toLocaleString('en')} ${name}`, sample)
    }
  }
}

async function measurePoint(
  run: Run,
  curve: Curve,
  value: number,
  name: string,
): Promise<Sample | undefined> {
  const { workplace, events, warm } = run
  const { warmUp, seconds } = run.options
  const { size, rooms, connections, replicas, start } = { ...USUAL, ...curve.setting(value) }
  const fresh = events(size, rooms)
  const files = { fresh, duplicates: fresh, forged: fresh, strangers: fresh }
  const measuring: Measuring = { sender: senderOf(run, curve), files, connections, warmUp, seconds }
  if (replicas !== undefined)
    return started(workplace, { name, start: at => startReplicas(at, replicas) }, running =>
      measureReplicas(running, measuring),
    )
  const subject = subjectOf(name)
  return started(workplace, { name, start: start ?? subject.start }, running =>
    measureSubject(subject, running, { ...measuring, warm }),
  )
}

function senderOf({ workplace: { sender } }: Run, { isSentByGenerator }: Curve) {
  return isSentByGenerator ? { ...sender, tool: 'generator' as const } : sender
}

/** Each is made when it is first used, and used again in each round: a service that starts has seen none of them. */
function eventFiles(folder: string, count: number, { seed, warmUp, seconds }: ScaleOptions): Run['events'] {
  const made = new Map<string, EventFile>()
  return (size, rooms) => {
    const name = `events-${size}-${rooms}`
    const most = Math.ceil((BYTES_PER_SECOND * (warmUp.seconds + seconds)) / size)
    const events =
      made.get(name) ??
      writeEvents({ file: join(folder, name), count: Math.min(count, most), seed, size, rooms })
    made.set(name, events)
    return events
  }
}

/** One connection, or bodies of a mebibyte, would leave a process as cold as it was: all are warmed by the usual load. */
function warmEvents(folder: string, count: number, { seed }: ScaleOptions): EventFile {
  return writeEvents({ file: join(folder, 'events-warm'), count, seed: `${seed}:warm` })
}

function endsOf(curve: Curve): Curve {
  const { values } = curve
  return { ...curve, values: [...new Set([values[0] ?? 1, values[Math.floor(values.length / 2)] ?? 1])] }
}
