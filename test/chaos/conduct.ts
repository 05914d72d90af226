import { setTimeout as sleep } from 'node:timers/promises'
import { targetsOf, type Fault } from './schedule.ts'

/** What was under a fault when. Times are those of `performance`. */
export type Activity = {
  /**
   * Whether one of these was under a fault at `at`, or within so many ms before it. Names are those of {@link targetsOf}
   * and, with the number of the replica, of kinds; or how they begin.
   */
  isNear: (targets: readonly string[], within: number, at?: number) => boolean
  /** How many faults have ended. */
  readonly done: number
}

/**
 * Plays every fault at its time, those of one target one after another. Resolves once all have ended; what one throws ends
 * nothing else, and is told of.
 */
export function conduct(
  faults: readonly Fault[],
  play: (fault: Fault) => Promise<void>,
  failed: (fault: Fault, error: unknown) => void,
): Activity & { over: Promise<void> } {
  const begun = performance.now()
  const queues = new Map<string, Promise<void>>()
  const spans: { names: string[]; from: number; to: number }[] = []
  let done = 0

  async function perform(fault: Fault, before: Promise<unknown>): Promise<void> {
    await before
    const names = [...targetsOf(fault), `${fault.kind} ${fault.replica}`]
    const span = { names, from: performance.now(), to: Infinity }
    spans.push(span)
    try {
      await play(fault)
    } catch (error) {
      failed(fault, error)
    }
    done++
    span.to = performance.now()
  }

  async function performAll(): Promise<void> {
    const all: Promise<void>[] = []
    for (const fault of faults) {
      await sleep(Math.max(0, begun + fault.at - performance.now()))
      const targets = targetsOf(fault)
      const performed = perform(fault, Promise.all(targets.map(async target => queues.get(target))))
      for (const target of targets) queues.set(target, performed)
      all.push(performed)
    }
    await Promise.all(all)
  }

  return {
    over: performAll(),
    isNear(targets, within, at = performance.now()) {
      return spans.some(
        ({ names, from, to }) =>
          from <= at &&
          to >= at - within &&
          names.some(name => targets.some(target => name.startsWith(target))),
      )
    },
    get done() {
      return done
    },
  }
}
