import type { Arena } from '../arena.ts'
import type { KindName } from '../kinds.ts'
import type { Replica } from '../replica.ts'
import type { Fault } from '../schedule.ts'

/** What a fault is played with; `violated` tells of what must not be. */
export type Play = Fault & {
  arena: Arena
  /** The one that it is meant for. */
  target: Replica
  violated: (what: string, detail: string) => void
}

/** Each begins its fault, waits, and takes it back: when it resolves nothing of it is left. */
export type Faults<Name extends KindName> = Record<Name, (play: Play) => Promise<void>>

/** The choice of `draw` among a list. */
export function chosen<T>(draw: number, list: readonly T[]): T {
  return list[Math.floor(draw * list.length)] as T
}
