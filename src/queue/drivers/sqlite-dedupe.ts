import type { DatabaseSync } from 'node:sqlite'
import { timestampOf } from './sqlite-batch.ts'
import { number, transaction } from './sqlite-schema.ts'

/** Ids that wait for a transaction of others to be saved with, and how long they do, in ms. */
const MAX_UNSAVED = 2_048
const MAX_UNSAVED_AGE = 1_000

/**
 * The ids of stored events, remembered for at least `window` ms and at most twice that. There are two generations:
 * new ids go to the current one, and every `window` the older one is emptied and becomes the current one. Emptying a
 * table without WHERE only returns its pages (17 ms for 500,000 ids). A window of 0 remembers nothing. A generation that
 * is full gives way to the next before its time.
 */
export class SeenIds {
  readonly #database: DatabaseSync
  readonly #window: number
  readonly #remember
  readonly #isKnown
  /** Keys that are remembered with the next transaction, by their text. */
  readonly #unsaved = new Map<string, Uint8Array>()
  #unsavedSince = 0
  #current: number
  #started: number

  constructor(database: DatabaseSync, window: number) {
    this.#database = database
    this.#window = window
    this.#current = number(database, `SELECT value FROM counters WHERE name = 'seen_current'`)
    this.#started = number(database, `SELECT value FROM counters WHERE name = 'seen_started'`)
    this.#remember = [0, 1].map(current =>
      database.prepare(`
        INSERT OR IGNORE INTO seen_${current} (key)
        SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM seen_${1 - current} WHERE key = ?1)
      `),
    )
    this.#isKnown = database.prepare(`
      SELECT 1 WHERE EXISTS (SELECT 1 FROM seen_0 WHERE key = ?1) OR EXISTS (SELECT 1 FROM seen_1 WHERE key = ?1)
    `)
  }

  /** Whether a key is remembered. Changes nothing. */
  has(key: Uint8Array): boolean {
    return this.#unsaved.has(textOf(key)) || this.#isKnown.get(key) !== undefined
  }

  /** The indices of the keys that are remembered. */
  among(keys: readonly Uint8Array[]): number[] {
    return keys.flatMap((key, index) => (this.has(key) ? [index] : []))
  }

  /** The latest timestamp of the events whose keys are on disk; 0 when there are none. */
  newest(): number {
    const row = this.#database
      .prepare(
        'SELECT max(key) AS key FROM (SELECT max(key) AS key FROM seen_0 UNION ALL SELECT max(key) FROM seen_1)',
      )
      .get()
    const key = row?.['key']
    return key instanceof Uint8Array ? timestampOf(key) : 0
  }

  /** Remembers a key from now on, on disk with the next {@link save}: a crash before may forget it. */
  note(key: Uint8Array, now: number): void {
    if (this.#unsaved.size === 0) this.#unsavedSince = now
    this.#unsaved.set(textOf(key), key)
  }

  /** Whether what was noted should not wait any longer for a transaction of others. */
  isOverdue(now: number): boolean {
    const { size } = this.#unsaved
    return size >= MAX_UNSAVED || (size > 0 && Math.abs(now - this.#unsavedSince) >= MAX_UNSAVED_AGE)
  }

  /**
   * Adds what was noted, within the caller's transaction. {@link forgetNoted} once that is committed. Returns how many
   * were new.
   */
  save(): number {
    return this.#unsaved
      .values()
      .reduce((sum, key) => sum + Number(this.#remember[this.#current]?.run(key).changes), 0)
  }

  /** Forgets what was noted and is on no disk. False when there was nothing. */
  forgetNoted(): boolean {
    const { size } = this.#unsaved
    this.#unsaved.clear()
    return size > 0
  }

  /** Remembers a key, within the caller's transaction. False when it is remembered already. */
  add(key: Uint8Array): boolean {
    return this.#window === 0 || this.#remember[this.#current]?.run(key).changes === 1
  }

  /**
   * Changes the generation when it is time, or when the current one is full, in a transaction of its own. Call it
   * before {@link add}. True when the current generation is empty now.
   */
  rotate(now: number, isFull = false): boolean {
    // Generations start at whole windows after each other, so that a late change keeps no id longer than two.
    // A clock that was set back starts a new period; ids are then remembered longer, never shorter.
    const elapsed = Math.floor((now - this.#started) / this.#window)
    if (this.#window === 0 || (elapsed === 0 && !isFull)) return false
    const periods = isFull ? Math.max(elapsed, 1) : elapsed
    const started = isFull || periods < 0 ? now : this.#started + periods * this.#window
    const next = periods < 0 ? this.#current : 1 - this.#current
    transaction(this.#database, () => {
      if (periods > 0) this.#database.exec(`DELETE FROM seen_${next}`)
      if (periods > 1) this.#database.exec(`DELETE FROM seen_${this.#current}`)
      this.#database.exec(`
        UPDATE counters SET value = ${next} WHERE name = 'seen_current';
        UPDATE counters SET value = ${started} WHERE name = 'seen_started';
      `)
      if (periods > 0) this.#database.exec(`UPDATE counters SET value = 0 WHERE name = 'seen'`)
    })
    this.#current = next
    this.#started = started
    return periods > 0
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
