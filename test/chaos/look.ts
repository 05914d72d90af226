import { waiting } from '../conformance/outage.ts'
import type { Arena } from './arena.ts'
import type { Activity } from './conduct.ts'
import { holdingOf, leaksOf, strayFiles, type Holding } from './leaks.ts'
import type { Ledger } from './ledger.ts'
import type { Replica } from './replica.ts'
import type { Sender } from './sender.ts'
import { until } from './until.ts'
import type { Verifier } from './verify.ts'

/** Is told of something that must not be, such as `lost`, and what is known of it. */
export type Violated = (what: string, detail: string) => void

/** Within this everything that is owed is in the queue once the faults have stopped, in ms. */
export const MINUTE = 60_000
/** How long after a fault it may explain what is seen, in ms. */
const NEAR = 30_000
/** Connections that are not used are closed within, in ms. */
const SETTLED = 15_000

/** An event that is signed well may be refused with 503 at any time, and with 401 only where the secret is in doubt. */
export function refusalsIn(activity: Activity, violated: Violated): (status: number, code: string) => void {
  return (status, code) => {
    if (status === 503 || status === 502) return
    const isDoubtful = activity.isNear(['secret', 'jelou', 'state', 'service', 'disk'], NEAR)
    if (status === 401 && isDoubtful) return
    violated('refused', `${status} ${code}`)
  }
}

/** Reads the queue until all that is owed came out and nothing waits on this machine; a minute at most. */
export async function lookUntilComplete(
  arena: Arena,
  ledger: Ledger,
  verifier: Verifier,
  violated: Violated,
  say: (line: string) => void,
): Promise<void> {
  let problem = ''
  const isComplete = await until(MINUTE, async () => {
    try {
      verifier.look(await arena.reader())
      const left = await Promise.all(arena.replicas.map(async ({ service }) => service && waiting(service)))
      problem = `${left.join(' and ')} wait on this machine, ${ledger.missing().length} are missing`
      say(problem)
      return left.every(count => count === 0) && ledger.missing().length === 0
    } catch (error) {
      problem = String(error)
      say(problem)
      return false
    }
  })
  if (isComplete) return
  const missing = ledger.missing()
  const some = missing.slice(0, 3).map(({ room, place }) => `room ${room}, place ${place}`)
  violated(
    'lost',
    `${missing.length} of ${ledger.acknowledged} after a minute (${some.join('; ')}); ${problem}`,
  )
}

/** Fresh events are taken at the first try, by every replica, and come out. */
export async function lookForFresh(
  arena: Arena,
  sender: Sender,
  ledger: Ledger,
  verifier: Verifier,
  violated: Violated,
): Promise<void> {
  for (let count = 0; count < 2 * arena.replicas.length; count++) {
    const status = await sender.fresh()
    if (status !== 200) violated('not fresh', `a fresh event was answered ${status}`)
  }
  const isThere = await until(MINUTE / 2, async () => {
    verifier.look(await arena.reader())
    return ledger.missing().length === 0
  })
  if (!isThere) violated('not fresh', 'a fresh event does not come out')
}

export async function lookForLeaks(
  { replicas }: Arena,
  before: Holding[],
  violated: Violated,
): Promise<void> {
  const leaks = (): string[] =>
    replicas.flatMap((replica, index) => {
      const began = before[index]
      return began === undefined ? [] : leaksOf(began, holding(replica))
    })
  if (await until(SETTLED, async () => leaks().length === 0)) return
  for (const leak of leaks()) violated('leaked', leak)
}

/** Each process ends by itself when it is asked to, and leaves only the files that it needs. */
export async function endAll({ replicas }: Arena, violated: Violated): Promise<void> {
  for (const replica of replicas) {
    const status = await replica.down('SIGTERM')
    if (status !== 0) violated('ended badly', `SIGTERM at the end: exit status ${status}`)
    const stray = strayFiles(replica.environment.DATA_DIR)
    if (stray.length > 0) violated('leaked', `files: ${stray.join(', ')}`)
  }
}

/** A process may end by itself only where its disk is broken. */
export function judgeEndings({ endings }: Arena, activity: Activity, violated: Violated): void {
  for (const { replica, status, last, at } of endings)
    if (!activity.isNear([`disk: read-only ${replica}`], NEAR, at))
      violated('ended', `exit status ${status}: ${last}`)
}

export function holding({ service }: Replica): Holding {
  if (service?.pid === undefined) return { files: 0, sockets: 0, others: 0, memory: 0, children: 0 }
  return holdingOf(service.pid)
}
