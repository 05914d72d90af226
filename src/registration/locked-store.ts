import { withLock } from '../state/lock.ts'
import type { Store } from '../state/store.ts'
import type { StateBackend } from '../state/types.ts'
import type { Kept } from './kept.ts'

/** The kept state, whose saves need no fence. */
export type LockedStore = Pick<Store<Kept>, 'load' | 'close'> & { save(value: Kept): Promise<void> }

/** The store with every save under a lock of its own. */
export function lockEachSave(
  store: Store<Kept>,
  backend: Pick<StateBackend, 'acquire' | 'location'>,
): LockedStore {
  return {
    load: () => store.load(),
    save: value => withLock(backend, {}, ({ fence }) => store.save(value, fence)),
    close: () => store.close(),
  }
}
