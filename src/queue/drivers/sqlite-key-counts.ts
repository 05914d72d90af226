import type { Located } from '../types.ts'

/** 4 MiB for 100,000 keys with few collisions, however many events there are. */
const SLOTS = 1 << 20
/** Rows looked at in one turn, short enough for an event to wait for. */
const STEP = 5_000

/** The stored events behind one of them, at most so many, in order; and the `seq` of the last of all. */
type Source = { located: (after: number, limit: number) => Located[]; readonly last: number }

/**
 * How many stored events there are, by a hash of their key: one thread counts, the other reads. A collision makes a key
 * look as if it had events stored, never the other way round. Until they are counted for the first time every key does.
 */
export function createKeyCounts(): SharedArrayBuffer {
  const counts = new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT)
  new Int32Array(counts).fill(1)
  return counts
}

/** Where a key is counted: FNV-1a. Keys come back from the database well formed, so that is what is hashed. */
export function slotOf(key: string): number {
  const text = key.toWellFormed()
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (SLOTS - 1)
}

/** The counting side. Begins with a pass over what is stored, in steps, while changes are counted too. */
export class KeyCounts {
  readonly #shared: Int32Array
  readonly #source: Source
  /** The last event that the pass has to count; what is added later is counted as it comes. */
  readonly #last: number
  #cursor = 0
  /** What the pass has counted so far; undefined once it is over. */
  #counted: Int32Array | undefined = new Int32Array(SLOTS)

  constructor(counts: SharedArrayBuffer, source: Source) {
    this.#shared = new Int32Array(counts)
    this.#source = source
    this.#last = source.last
  }

  /** Whether the pass goes on: call {@link advance} soon. */
  get unfinished(): boolean {
    return this.#counted !== undefined
  }

  /** Takes the pass a step further. */
  advance(): void {
    if (this.#counted === undefined) return
    const rows = this.#source.located(this.#cursor, STEP)
    for (const { seq, key } of rows) if (seq <= this.#last) change(this.#counted, slotOf(key), 1)
    this.#cursor = rows.length < STEP ? this.#last : Math.min(Number(rows.at(-1)?.seq), this.#last)
    if (this.#cursor < this.#last) return
    this.#shared.set(this.#counted)
    this.#counted = undefined
  }

  /** An event was stored, behind all others. */
  add(key: string): void {
    const slot = slotOf(key)
    change(this.#shared, slot, 1)
    if (this.#counted !== undefined) change(this.#counted, slot, 1)
  }

  /** An event has left the queue; `slot` is that of its key. */
  remove(slot: number, seq: number): void {
    if (this.#counted === undefined) change(this.#shared, slot, -1)
    // What the pass has not come to yet, it will not find.
    else if (seq <= this.#cursor || seq > this.#last) change(this.#counted, slot, -1)
  }
}

function change(counts: Int32Array, slot: number, by: number): void {
  Atomics.add(counts, slot, by)
}
