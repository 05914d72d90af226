import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { queueNameOf } from '../../src/queue-name.ts'
import { PROJECT, writeEvents } from './load/events.ts'
import { closedLoop, type Sender } from './load/load.ts'
import type { Files } from './measure.ts'
import type { Options } from './options.ts'
import { Scope } from './scope.ts'
import { startProgram } from './subjects/program.ts'

const run = promisify(execFile)

/** Per second, also where the machine was busy with something else when it was tried. */
const LEAST_EVENTS = 50_000

/** More than anything here can take in a round: what `node:http` takes and half as much again, with what is warmed by. */
export async function eventsNeeded(
  folder: string,
  sender: Sender,
  options: Pick<Options, 'seed' | 'warmUp' | 'seconds'>,
): Promise<number> {
  const scope = new Scope()
  const file = join(folder, 'calibration')
  try {
    const { url } = await startProgram(scope, 'bare-http.ts')
    const events = writeEvents({ file, count: 10_000, seed: options.seed })
    const { statuses, seconds } = await closedLoop(sender, { url, events, connections: 64, seconds: 1 })
    const perSecond = Math.max(LEAST_EVENTS, (Number(statuses[200]?.inTime) / seconds) * 1.6)
    return Math.ceil(perSecond * (options.warmUp.seconds + options.seconds))
  } finally {
    await scope.end()
    rmSync(file)
  }
}

/** The events of a round: `count` fresh ones, and enough of each other kind. */
export function writeFiles(folder: string, seed: string, count: number): Files {
  const file = (name: string) => join(folder, `events-${name}`)
  return {
    fresh: writeEvents({ file: file('fresh'), count, seed }),
    duplicates: writeEvents({ file: file('duplicates'), count: 1_000, seed: `${seed}:duplicates` }),
    forged: writeEvents({ file: file('forged'), count: 10_000, seed, kind: 'forged' }),
    strangers: writeEvents({ file: file('strangers'), count: 100, seed, kind: 'stranger', size: 262_144 }),
  }
}

/** Resolves with a folder of the service's data in which so many events wait. */
export async function fillBacklog(
  folder: string,
  { backlog, seed }: Pick<Options, 'backlog' | 'seed'>,
): Promise<string> {
  const path = join(folder, 'backlog')
  const data = join(path, 'data')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const program = join(import.meta.dirname, 'fill.ts')
  await run(process.execPath, [
    program,
    join(data, `${queueNameOf(PROJECT)}.sqlite`),
    `${backlog}`,
    `${seed}:backlog`,
  ])
  return path
}

/** What the disk under the folder does by itself. */
export async function syncsPerSecond(folder: string): Promise<number> {
  const file = join(folder, 'synced')
  const program = join(import.meta.dirname, 'fdatasync.ts')
  const { stdout } = await run(process.execPath, [program, file, '1'])
  rmSync(file)
  return Number(stdout)
}
