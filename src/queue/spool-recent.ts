import type { QueueMessage } from './types.ts'

/** Ids of one generation: as many as come in a second or two at full speed, 1 MB of them. */
const MOST = 8_192

type Event = Pick<QueueMessage, 'id' | 'timestamp'>

/**
 * Tells which events a store cannot remember, so that it need not be asked: those newer, by their own timestamps, than all that it
 * remembers but the last ones, whose ids are here. Nearly every event is newer than those before it; none has to be.
 */
export class RecentIds {
  /** The store may remember events up to this timestamp, in ms since the epoch, whose ids are not here. */
  #horizon: number
  #ids = new Set<string>()
  #newest = 0
  #older = { ids: new Set<string>(), newest: 0 }

  constructor(horizon: number) {
    this.#horizon = horizon
  }

  /** Whether the store may remember an event. */
  mayHave({ id, timestamp }: Event): boolean {
    return timestamp <= this.#horizon || this.#ids.has(id) || this.#older.ids.has(id)
  }

  /** The store remembers an event from now on. */
  add({ id, timestamp }: Event): void {
    if (this.#ids.size >= MOST) {
      this.#horizon = Math.max(this.#horizon, this.#older.newest)
      this.#older = { ids: this.#ids, newest: this.#newest }
      this.#ids = new Set()
      this.#newest = 0
    }
    this.#ids.add(id)
    this.#newest = Math.max(this.#newest, timestamp)
  }
}
