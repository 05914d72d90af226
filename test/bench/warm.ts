import { answers, taken, type LoadResult } from './load/load.ts'

/** A subject is warmed by loads of so many seconds each, until it has answered so many requests. */
export type WarmUp = { seconds: number; answers: number }

/** Until then V8 compiles what a service runs: its first thousands of events take half as much time again as the later ones. */
export const WARM = 30_000
/** In seconds; a subject that answers fewer in it is not waited for any longer. */
export const LONGEST_WARM_UP = 8

/**
 * Sends until a subject is warm; `send` is told how many requests were used before. Resolves with how many were used, and how many
 * of them were answered 200.
 */
export async function warmed(
  warmUp: WarmUp,
  send: (seconds: number, used: number) => Promise<readonly LoadResult[]>,
): Promise<{ used: number; taken: number }> {
  const sum = { used: 0, taken: 0, answers: 0 }
  let seconds = 0
  do {
    for (const load of await send(warmUp.seconds, sum.used)) {
      sum.used += load.used
      sum.taken += taken(load)
      sum.answers += answers(load)
    }
    seconds += warmUp.seconds
  } while (sum.answers < warmUp.answers && seconds < LONGEST_WARM_UP)
  return sum
}
