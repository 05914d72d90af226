import { isDeepStrictEqual } from 'node:util'
import type { Held } from '../state/lock.ts'
import type { Store } from '../state/store.ts'
import { NOTHING_KEPT, type Kept } from './kept.ts'

/**
 * The kept state in memory, and its way to the store, one step at a time. What writes does so under the lock, resolves once
 * it is synced, and throws the store's errors.
 */
export interface Keeper {
  /** The same object until something changes. */
  kept(): Kept
  /** False while something in memory could not be written yet. */
  isSaved(): boolean
  /** Since when (ms since the epoch) a change of the integration is known to be under way; null when none is. */
  changingSince(): number | null
  /** Reads what is kept, by whichever replica. A failure leaves everything as it was. */
  load(): Promise<void>
  /** For what must not happen unless it is written first: a failure leaves everything as it was. */
  save(next: Kept, held: Held): Promise<void>
  /** For the answer to the create that `owner` marks, which must not be forgotten: a failure leaves it to `flush`. */
  keep(next: Kept, owner: string, held: Held): Promise<void>
  /** Writes what could not be written before. For after a load under the lock, which drops what is not true any more. */
  flush(held: Held): Promise<void>
}

/** `now` is in ms since the epoch. */
export function createKeeper(store: Pick<Store<Kept>, 'load' | 'save'>, now: () => number): Keeper {
  let kept = NOTHING_KEPT
  /** What is in memory alone holds as long as the store has this as `createOwner`; null: as long as it has nothing. */
  let unsaved: { over: string | null | undefined } | null = null
  let markedAt = 0
  let steps: Promise<unknown> = Promise.resolve()

  /** A read that overlaps a write could bring back what was before it. */
  function inTurn(step: () => Promise<void>): Promise<void> {
    const turn = steps.then(step)
    steps = turn.catch(() => {})
    return turn
  }

  function set(next: Kept): void {
    if (markOf(next) !== markOf(kept)) markedAt = now()
    kept = next
  }

  async function write(next: Kept, held: Held): Promise<void> {
    held.check()
    await store.save(next, held.fence)
  }

  function flush(held: Held): Promise<void> {
    return inTurn(async () => {
      if (unsaved === null) return
      await write(kept, held)
      unsaved = null
    })
  }

  return {
    kept: () => kept,
    isSaved: () => unsaved === null,
    changingSince: () => (markOf(kept) === undefined ? null : markedAt),
    load: () =>
      inTurn(async () => {
        const found = await store.load()
        // A shared store that forgot everything must not make its users forget the secret, or that none is wanted.
        if (found === null && kept !== NOTHING_KEPT) unsaved = { over: null }
        const over = found === null ? null : found.createOwner
        if (unsaved !== null && unsaved.over === over) return
        unsaved = null
        const next = found ?? NOTHING_KEPT
        if (!isDeepStrictEqual(next, kept)) set(next)
      }),
    save: (next, held) =>
      inTurn(async () => {
        await write(next, held)
        set(next)
      }),
    keep(next, owner, held) {
      unsaved = { over: owner }
      set(next)
      return flush(held)
    },
    flush,
  }
}

function markOf({ rotating, createPending }: Kept): number | undefined {
  return rotating ?? createPending
}
