import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { waiting } from '../conformance/outage.ts'
import { makeArena, type Arena, type ArenaOptions } from './arena.ts'
import { conduct, type Activity } from './conduct.ts'
import { createEventMaker } from './events.ts'
import { FAULTS } from './faults/all.ts'
import { holdingOf, leaksOf, strayFiles, type Holding } from './leaks.ts'
import { Ledger } from './ledger.ts'
import { createLifetime } from './owner.ts'
import type { Replica } from './replica.ts'
import type { Fault, Scene } from './schedule.ts'
import { startSender, type Sender } from './sender.ts'
import { Verifier } from './verify.ts'

/** Something that must not be, such as `lost`, and what is known of it. */
export type Violation = { what: string; detail: string }

/** How a scene ended. Times in ms, memory in MB. */
export type Outcome = {
  scene: Scene
  violations: Violation[]
  sent: number
  acknowledged: number
  delivered: number
  repeated: number
  answers: Record<string, number>
  /** From the end of the faults until everything that was owed was in the queue. */
  recovery: number
  /** The most that a process held at the end. */
  memory: number
  /** Restarts that nobody had asked for, where a broken disk allows them. */
  endings: number
  faults: Fault[]
  elapsed: number
}

/** Within this everything that is owed is in the queue once the faults have stopped, in ms. */
const MINUTE = 60_000
/** What a start, or the last events, may take at most, in ms. */
const LIMIT = 120_000
/** How long after a fault it may explain what is seen, in ms. */
const NEAR = 30_000
/** Connections that are not used are closed within, in ms. */
const SETTLED = 15_000

/** Plays a scene from its first event to the last look, and ends everything that it began. */
export async function play(scene: Scene, options: ArenaOptions): Promise<Outcome> {
  const lifetime = createLifetime()
  const begun = performance.now()
  try {
    const arena = await makeArena(lifetime, scene, options)
    return { ...(await playIn(arena, options)), elapsed: performance.now() - begun }
  } finally {
    await lifetime.end()
  }
}

async function playIn(arena: Arena, { broker }: ArenaOptions): Promise<Omit<Outcome, 'elapsed'>> {
  const { scene, replicas } = arena
  const violations: Violation[] = []
  const violated = (what: string, detail: string): void => void violations.push({ what, detail })
  await Promise.all(replicas.map(replica => replica.up()))
  if (!(await until(LIMIT, () => allReady(replicas)))) throw new Error(`not ready: ${wordsOf(arena)}`)
  const before = replicas.map(replica => holding(replica))

  const ledger = new Ledger(scene.rooms + 1)
  const make = createEventMaker(scene.seed, Date.now())
  const verifier = new Verifier({ ledger, make, mayRepeat: broker?.engine.repeats ?? false })
  const activity = conduct(
    scene.faults,
    fault => FAULTS[fault.kind]({ ...fault, arena, target: targetOf(arena, fault), violated }),
    (fault, error) => violated('not played', `${fault.kind}: ${String(error)}`),
  )
  const sender = startSender({
    seed: scene.seed,
    rooms: scene.rooms,
    interval: scene.duration / scene.events,
    ledger,
    make,
    jelou: arena.jelou,
    replicaOf: url => (replicas.length === 1 ? 0 : replicas.find(({ publicUrl }) => publicUrl === url)?.number),
    refused: refusalsIn(activity, violated),
  })

  await activity.over
  arena.clock?.step(0)
  const stopped = performance.now()
  const within = (): number => stopped + MINUTE - performance.now()
  if (!(await until(within(), () => allReady(replicas)))) violated('not ready', wordsOf(arena))
  sender.hurry()
  if (!(await until(LIMIT, async () => ledger.acknowledged >= scene.events)))
    violated('stuck', `${ledger.acknowledged} of ${scene.events} were acknowledged`)
  await sender.rest()
  const rested = performance.now()
  await lookUntilComplete(arena, ledger, verifier, violated)
  const recovery = performance.now() - rested
  await lookForFresh(arena, sender, ledger, verifier, violated)
  await sender.end()
  await lookForLeaks(arena, before, violated)
  const memory = Math.max(...replicas.map(replica => holding(replica).memory))
  await endAll(arena, violated)
  if (broker) verifier.look(await arena.reader())
  for (const { what, detail } of verifier.findings.wrong) violated(what, detail)
  judgeEndings(arena, activity, violated)
  const { delivered, repeated } = verifier.findings
  return {
    scene,
    violations,
    sent: ledger.sent,
    acknowledged: ledger.acknowledged,
    delivered,
    repeated,
    answers: sender.answers,
    recovery,
    memory,
    endings: arena.endings.length,
    faults: scene.faults,
  }
}

function targetOf({ replicas }: Arena, { replica }: Fault): Replica {
  const target = replicas[replica]
  if (target === undefined) throw new RangeError(`no replica ${replica}`)
  return target
}

type Violated = (what: string, detail: string) => void

/** An event that is signed well may be refused with 503 at any time, and with 401 only where the secret is in doubt. */
function refusalsIn(activity: Activity, violated: Violated): (status: number, code: string) => void {
  return (status, code) => {
    if (status === 503 || status === 502) return
    const isDoubtful = activity.isNear(['secret', 'jelou', 'state', 'service', 'disk'], NEAR)
    if (status === 401 && isDoubtful) return
    violated('refused', `${status} ${code}`)
  }
}

/** Reads the queue until all that is owed came out and nothing waits on this machine; a minute at most. */
async function lookUntilComplete(
  arena: Arena,
  ledger: Ledger,
  verifier: Verifier,
  violated: Violated,
): Promise<void> {
  let problem = ''
  const isComplete = await until(MINUTE, async () => {
    try {
      verifier.look(await arena.reader())
      const left = await Promise.all(arena.replicas.map(({ service }) => service && waiting(service)))
      problem = `${left.join(' and ')} wait on this machine`
      return left.every(count => count === 0) && ledger.missing().length === 0
    } catch (error) {
      problem = String(error)
      return false
    }
  })
  if (isComplete) return
  const missing = ledger.missing()
  const some = missing.slice(0, 3).map(({ room, place }) => `room ${room}, place ${place}`)
  violated('lost', `${missing.length} of ${ledger.acknowledged} after a minute (${some.join('; ')}); ${problem}`)
}

/** Fresh events are taken at the first try, by every replica, and come out. */
async function lookForFresh(
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

async function lookForLeaks({ replicas }: Arena, before: Holding[], violated: Violated): Promise<void> {
  const leaks = (): string[] =>
    replicas.flatMap((replica, index) => {
      const began = before[index]
      return began === undefined ? [] : leaksOf(began, holding(replica))
    })
  if (await until(SETTLED, async () => leaks().length === 0)) return
  for (const leak of leaks()) violated('leaked', leak)
}

/** Each process ends by itself when it is asked to, and leaves only the files that it needs. */
async function endAll({ replicas }: Arena, violated: Violated): Promise<void> {
  for (const replica of replicas) {
    const status = await replica.down('SIGTERM')
    if (status !== 0) violated('ended badly', `SIGTERM at the end: exit status ${status}`)
    const stray = strayFiles(join(replica.environment.DATA_DIR))
    if (stray.length > 0) violated('leaked', `files: ${stray.join(', ')}`)
  }
}

/** A process may end by itself only where its disk is broken. */
function judgeEndings({ endings }: Arena, activity: Activity, violated: Violated): void {
  for (const { replica, status, last, at } of endings)
    if (!activity.isNear([`disk ${replica}`], NEAR, at)) violated('ended', `exit status ${status}: ${last}`)
}

async function allReady(replicas: Replica[]): Promise<boolean> {
  return (await Promise.all(replicas.map(replica => replica.isReady()))).every(Boolean)
}

function holding({ service }: Replica): Holding {
  if (service?.pid === undefined) return { files: 0, sockets: 0, memory: 0, children: 0 }
  return holdingOf(service.pid)
}

function wordsOf({ replicas, endings }: Arena): string {
  const last = endings.at(-1)?.last ?? ''
  const outputs = replicas.map(({ service }) => service?.output().split('\n').slice(-2).join(' | ') ?? 'down')
  return [...outputs, last].join('; ').slice(-900)
}

/** Whether it became so within so many ms. */
async function until(within: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + within
  for (;;) {
    if (await isSo()) return true
    if (performance.now() > deadline) return false
    await sleep(50)
  }
}
