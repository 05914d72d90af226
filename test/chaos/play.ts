import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeArena, type Arena, type ArenaOptions } from './arena.ts'
import { conduct } from './conduct.ts'
import { createEventMaker } from './events.ts'
import { FAULTS } from './faults/all.ts'
import { startForger } from './forger.ts'
import { Ledger } from './ledger.ts'
import {
  endAll,
  holding,
  judgeEndings,
  lookForFresh,
  lookForLeaks,
  lookUntilComplete,
  MINUTE,
  refusalsIn,
} from './look.ts'
import { createLifetime, type Lifetime } from './owner.ts'
import type { Replica } from './replica.ts'
import type { Fault, Scene } from './schedule.ts'
import { startSender } from './sender.ts'
import { until } from './until.ts'
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
  /** Forged events that were refused. */
  forged: number
  /** From the end of the faults until everything that was owed was in the queue. */
  recovery: number
  /** The most that a process held at the end. */
  memory: number
  /** Restarts that nobody had asked for, where a broken disk allows them. */
  endings: number
  elapsed: number
}

/** The scene ends with `whole` at the latest. `say` is told of what happens when, a line each. */
export type PlayOptions = ArenaOptions & { whole: Lifetime; say: (line: string) => void }

/** A forged event comes with so many good ones. */
const FORGED_EVERY = 20

/** What a start, or the last events, may take at most, in ms. */
const LIMIT = 120_000

/**
 * Plays a scene from its first event to the last look, and ends everything that it began. Where something was violated,
 * what the services wrote is left in the folder.
 */
export async function play(scene: Scene, options: PlayOptions): Promise<Outcome> {
  const lifetime = createLifetime(options.whole)
  const begun = performance.now()
  try {
    const arena = await makeArena(lifetime, scene, options)
    const outcome = await playIn(arena, options)
    if (outcome.violations.length > 0)
      for (const replica of arena.replicas)
        await writeFile(join(options.folder, `replica-${replica.number}.log`), replica.output())
    return { ...outcome, elapsed: performance.now() - begun }
  } finally {
    await lifetime.end()
  }
}

async function playIn(arena: Arena, { broker, say }: PlayOptions): Promise<Omit<Outcome, 'elapsed'>> {
  const { scene, replicas } = arena
  const violations: Violation[] = []
  const violated = (what: string, detail: string): void => void violations.push({ what, detail })
  await Promise.all(replicas.map(replica => replica.up()))
  if (!(await until(LIMIT, () => allReady(replicas)))) throw new Error(`not ready: ${wordsOf(arena)}`)
  const before = replicas.map(replica => holding(replica))

  const ledger = new Ledger(scene.rooms + 1)
  const make = createEventMaker(scene.seed, Date.now())
  const { projectId } = arena.jelou
  const verifier = new Verifier({ projectId, ledger, make, mayRepeat: id => arena.mayRepeat(id) })
  const activity = conduct(
    scene.faults,
    async fault => {
      const begun = performance.now()
      const words = `${fault.kind} (replica ${fault.replica}, ${fault.hold} ms, ${fault.draw.toFixed(2)})`
      say(words)
      await FAULTS[fault.kind]({ ...fault, arena, target: targetOf(arena, fault), violated })
      say(`${words} is over after ${Math.round(performance.now() - begun)} ms`)
    },
    (fault, error) => violated('not played', `${fault.kind}: ${String(error)}`),
  )
  const sending = { seed: scene.seed, interval: scene.duration / scene.events, make, jelou: arena.jelou }
  const forger = startForger({
    ...sending,
    interval: FORGED_EVERY * sending.interval,
    room: scene.rooms + 1,
    taken: (way, status) => violated('let in', `${way}: ${status}`),
  })
  const sender = startSender({
    ...sending,
    rooms: scene.rooms,
    ledger,
    replicaOf: url =>
      replicas.length === 1 ? 0 : replicas.find(({ publicUrl }) => publicUrl === url)?.number,
    refused: refusalsIn(activity, violated),
  })

  await activity.over
  arena.clock?.step(0)
  const stopped = performance.now()
  say('the faults are over')
  const within = (): number => stopped + MINUTE - performance.now()
  if (!(await until(within(), () => allReady(replicas)))) violated('not ready', wordsOf(arena))
  say(`ready: ${wordsOf(arena)}`)
  sender.hurry()
  if (!(await until(LIMIT, async () => ledger.acknowledged >= scene.events)))
    violated('stuck', `${ledger.acknowledged} of ${scene.events} were acknowledged`)
  say(`${ledger.acknowledged} are acknowledged`)
  await sender.rest()
  await forger.rest()
  say('nothing more is sent')
  const rested = performance.now()
  await lookUntilComplete(arena, ledger, verifier, violated, say)
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
    forged: forger.refused(),
    recovery,
    memory,
    endings: arena.endings.length,
  }
}

function targetOf({ replicas }: Arena, { replica }: Fault): Replica {
  const target = replicas[replica]
  if (target === undefined) throw new RangeError(`no replica ${replica}`)
  return target
}

async function allReady(replicas: Replica[]): Promise<boolean> {
  return (await Promise.all(replicas.map(replica => replica.isReady()))).every(Boolean)
}

function wordsOf({ replicas, endings }: Arena): string {
  const last = endings.at(-1)?.last ?? ''
  const outputs = replicas.map(({ service }) => service?.output().split('\n').slice(-2).join(' | ') ?? 'down')
  return [...outputs, last].join('; ').slice(-900)
}
