import { createHash } from 'node:crypto'

/** Numbers that are the same for the same seed. */
export type Random = {
  /** In [0, 1). */
  next(): number
  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number
  pick<T>(list: readonly T[]): T
  chance(probability: number): boolean
  shuffle<T>(list: readonly T[]): T[]
}

/** What is drawn under one label does not depend on how much is drawn under another. */
export function createRandom(seed: number, label = ''): Random {
  let state = createHash('sha256').update(`${seed} ${label}`).digest().readInt32LE()

  // mulberry32
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const int = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))

  function pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[int(0, list.length - 1)] as T
  }

  return {
    next,
    int,
    pick,
    chance: probability => next() < probability,
    shuffle<T>(list: readonly T[]): T[] {
      const left = [...list]
      return list.map(() => left.splice(int(0, left.length - 1), 1)[0] as T)
    },
  }
}
