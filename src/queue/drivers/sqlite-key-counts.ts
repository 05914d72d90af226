import type { Located } from '../types.ts'

/** 4 MiB for 100,000 keys with few collisions, however many events there are. */
const SLOTS = 1 << 20
/** Rows looked at in one turn, short enough for an event to wait for. */
const STEP = 5_000

/** The stored events behind one of them, at most so many, in order; and the `seq` of the last of all. */
type Source = { located: (after: number, limit: number) => Located[]; readonly last: number }

/** Behind the counts: whether they are complete, or 0 while they are not. */
const COMPLETE = SLOTS

/**
 * How many stored events there are, by a hash of their key: one thread counts, the other asks {@link mayHold}. A collision makes
 * a key look as if it had events stored, never the other way round. Until all are counted for the first time every key does.
 */
export function createKeyCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer((SLOTS + 1) * Int32Array.BYTES_PER_ELEMENT)
}

/** Whether events of a key may be stored, by {@link createKeyCounts}. */
export function mayHold(counts: Int32Array, key: string): boolean {
  return Atomics.load(counts, COMPLETE) === 0 || Atomics.load(counts, slotOf(key)) !== 0
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
  readonly #counts: Int32Array
  readonly #source: Source
  /** The last event that the pass has to count; what is added later is counted as it comes. */
  readonly #last: number
  #cursor = 0
  #isComplete = false

  constructor(counts: SharedArrayBuffer, source: Source) {
    this.#counts = new Int32Array(counts)
    this.#source = source
    this.#last = source.last
    // Another worker may have counted before this one.
    Atomics.store(this.#counts, COMPLETE, 0)
    this.#counts.fill(0)
  }

  /** Whether the pass goes on: call {@link advance} soon. */
  get unfinished(): boolean {
    return !this.#isComplete
  }

  /** Takes the pass a step further. */
  advance(): void {
    if (this.#isComplete) return
    const rows = this.#source.located(this.#cursor, STEP)
    for (const { seq, key } of rows) if (seq <= this.#last) this.#change(slotOf(key), 1)
    this.#cursor = rows.length < STEP ? this.#last : Math.min(Number(rows.at(-1)?.seq), this.#last)
    if (this.#cursor < this.#last) return
    this.#isComplete = true
    Atomics.store(this.#counts, COMPLETE, 1)
  }

  /** An event was stored, behind all others. */
  add(key: string): void {
    this.#change(slotOf(key), 1)
  }

  /** An event has left the queue; `slot` is that of its key. */
  remove(slot: number, seq: number): void {
    // What the pass has not come to yet, it will not find.
    if (this.#isComplete || seq <= this.#cursor || seq > this.#last) this.#change(slot, -1)
  }

  #change(slot: number, by: number): void {
    Atomics.add(this.#counts, slot, by)
  }
}
