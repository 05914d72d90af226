import { NOTHING_KEPT, type Kept } from './kept.ts'
import type { LockedStore } from './locked-store.ts'

/** The kept state in memory, and its way to the store. Both writes resolve once it is synced, and throw the store's errors. */
export interface Keeper {
  kept(): Kept
  /** False while something in memory could not be written yet. */
  isSaved(): boolean
  load(): Promise<void>
  /** For what must not happen unless it is written first: a failure leaves everything as it was. */
  save(next: Kept): Promise<void>
  /** For what has happened and must not be forgotten, a new secret above all: a failure leaves it to `flush`. */
  keep(next: Kept): Promise<void>
  /** Writes what could not be written before. */
  flush(): Promise<void>
}

export function createKeeper(store: Pick<LockedStore, 'load' | 'save'>): Keeper {
  let kept = NOTHING_KEPT
  let saved = true

  async function flush(): Promise<void> {
    if (saved) return
    await store.save(kept)
    saved = true
  }

  return {
    kept: () => kept,
    isSaved: () => saved,
    async load() {
      kept = (await store.load()) ?? NOTHING_KEPT
    },
    async save(next) {
      await store.save(next)
      kept = next
    },
    keep(next) {
      kept = next
      saved = false
      return flush()
    },
    flush,
  }
}
