import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { BODY_SIZE, ROOMS } from '../load/events.ts'
import { SUBJECTS } from '../subjects/all.ts'
import { BASELINE } from '../subjects/ceilings.ts'
import { startFilled } from '../subjects/ours.ts'
import type { Running, Start } from '../subjects/subject.ts'
import { syncFolder } from './sync.ts'

/** How a point of a curve is measured. */
export type Setting = {
  connections: number
  /** Of a body, in bytes. */
  size: number
  rooms: number
  /** How many processes of the service share the load; 1 unless told. */
  replicas?: number
  /** Instead of the subject's own start. */
  start?: (at: Start) => Promise<Running | null>
}

/** What is measured while one thing grows and everything else stays as it is. */
export type Curve = {
  name: string
  /** What grows. */
  axis: string
  /** Names of subjects, all of which are measured at each point, one after the other. */
  subjects: readonly string[]
  /** Our own generator opens thousands of connections before it begins, which wrk does not. */
  isSentByGenerator?: boolean
  values: readonly number[]
  setting: (value: number) => Partial<Setting>
}

export const USUAL: Setting = { connections: 64, size: BODY_SIZE, rooms: ROOMS }
/** So few that their bodies of 1 MiB stay below the 64 MiB that may be under way. */
const FEW_CONNECTIONS = 32

export const CURVES: readonly Curve[] = [
  {
    name: 'connections',
    axis: 'connections',
    subjects: ['embedded', BASELINE],
    isSentByGenerator: true,
    values: [1, 4, 16, 64, 256, 1_024, 4_096],
    setting: connections => ({ connections }),
  },
  {
    name: 'body',
    axis: 'bytes of a body',
    subjects: ['embedded', BASELINE],
    values: [200, 600, 2_048, 16_384, 131_072, 1_048_576],
    setting: size => ({ size, connections: FEW_CONNECTIONS }),
  },
  {
    name: 'rooms',
    axis: 'conversations',
    subjects: ['embedded', 'redis'],
    values: [1, 10, 1_000, 100_000, 1_000_000],
    setting: rooms => ({ rooms }),
  },
  {
    name: 'backlog',
    axis: 'events that wait',
    subjects: ['embedded'],
    values: [0, 10_000, 100_000, 1_000_000],
    setting: count => (count === 0 ? {} : { start: at => startCopy(at, count) }),
  },
  {
    name: 'replicas',
    axis: 'replicas',
    subjects: ['redis'],
    values: [1, 2, 4],
    setting: replicas => ({ replicas }),
  },
]

/** Those of these names, all unless given. Throws on a name that none has. */
export function chosenCurves(names: string[] | undefined): Curve[] {
  const unknown = names?.filter(name => !CURVES.some(curve => curve.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(
      `no curve is called ${unknown.join(', ')}; there are ${CURVES.map(({ name }) => name).join(', ')}`,
    )
  return CURVES.filter(({ name }) => names === undefined || names.includes(name))
}

/** The start of a subject of this name, and its own name. */
export function subjectOf(name: string) {
  const subject = SUBJECTS.find(subject => subject.name === name)
  if (subject === undefined) throw new Error(`no subject is called ${name}`)
  return subject
}

/** Each time as many as at first: the service takes events, and keeps them. */
async function startCopy(at: Start, count: number): Promise<Running> {
  const data = join(at.folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  cpSync(join(await at.backlog(count), 'data'), data, { recursive: true })
  await syncFolder(at.folder)
  return startFilled(at, at.folder)
}
