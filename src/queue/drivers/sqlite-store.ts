import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { DeadLetter, QueueStats } from '../types.ts'
import type { PackedEvent } from './sqlite-batch.ts'
import { SeenIds } from './sqlite-dedupe.ts'
import { bytes, Events } from './sqlite-events.ts'
import type { Wire, WorkerOptions } from './sqlite-protocol.ts'
import { number, openDatabase, transaction } from './sqlite-schema.ts'
import { prepareStatements } from './sqlite-statements.ts'

/** An answer with bodies stops growing at this many bytes, so that nobody need fear large ones. */
export const MAX_ANSWER = 16 * 1024 * 1024

/** A transaction moves no more dead letters once it has so many bytes of them: events wait for it. */
const MAX_MOVED = 4 * 1024 * 1024

/** How much of the largest size the remembered ids may take, in both generations, and about how many bytes one takes. */
const SEEN_SHARE = 0.25
const SEEN_SIZE = 48

export type StoreOptions = Pick<
  WorkerOptions,
  'file' | 'dedupeWindow' | 'maxAttempts' | 'maxSize' | 'segments'
>

/**
 * The queue on disk: statements, no policy about who may have what. What changes events must run in
 * {@link Store.transaction}. Methods throw SQLite's errors.
 */
export class Store {
  /** Those that are to be delivered. */
  readonly events: Events
  readonly #file: string
  readonly #maxAttempts: number
  readonly #database: DatabaseSync
  readonly #seen: SeenIds
  readonly #sql
  readonly #maxSeen: number
  /** `seen` is the number of ids in the current generation. */
  #counts: { dead: number; seen: number }

  constructor({ file, dedupeWindow, maxAttempts, maxSize, segments }: StoreOptions) {
    this.#file = file
    this.#maxAttempts = maxAttempts
    this.#database = openDatabase(file, maxSize)
    this.#seen = new SeenIds(this.#database, dedupeWindow)
    this.#sql = prepareStatements(this.#database)
    const count = (name: string) =>
      number(this.#database, `SELECT ifnull(max(value), 0) FROM counters WHERE name = '${name}'`)
    this.events = new Events(this.#database, { last: count('last'), mark: count('settled'), segments })
    this.#maxSeen = (maxSize * SEEN_SHARE) / 2 / SEEN_SIZE
    this.#counts = { dead: count('dead'), seen: count('seen') }
  }

  /** Runs changes in one synced transaction: all of them, or an error and none. */
  transaction(now: number, work: () => void): void {
    if (this.#seen.rotate(now, this.#counts.seen >= this.#maxSeen)) this.#counts.seen = 0
    const before = { ...this.#counts }
    const onDisk = new Map(this.#counters())
    this.events.begin()
    try {
      transaction(this.#database, () => {
        this.#counts.seen += this.#seen.save()
        work()
        this.events.save()
        for (const [name, value] of this.#counters())
          if (value !== onDisk.get(name)) this.#sql.count.run(value, name)
      })
      this.#seen.forgetNoted()
    } catch (error) {
      this.#counts = before
      this.events.undo()
      throw error
    }
  }

  #counters(): [name: string, value: number][] {
    return Object.entries({ ...this.#counts, ...this.events.counters })
  }

  /** The ids of events that were stored, here or elsewhere. */
  get seen(): SeenIds {
    return this.#seen
  }

  /** Puts an event at the end. False when its id is remembered: nothing was stored. */
  add({ dedupeKey, partitionKey, body }: PackedEvent, now: number): boolean {
    if (!this.#seen.add(dedupeKey)) return false
    this.events.add(partitionKey, body, now)
    this.#counts.seen++
    return true
  }

  /** Counts a failed delivery. True when it was the last: the message is a dead letter now. */
  fail(seq: number, notBefore: number, reason: string, now: number): boolean {
    const attempts = this.events.fail(seq, notBefore)
    if (attempts < this.#maxAttempts) return false
    this.bury(seq, attempts, reason, now)
    return true
  }

  /** Makes an event a dead letter, if it is there. Returns its key. */
  bury(seq: number, attempts: number, reason: string, now: number): string | undefined {
    const key = this.events.bury(seq, attempts, reason, now)
    if (key !== undefined) this.#counts.dead++
    return key
  }

  /** Stops early once it has {@link MAX_ANSWER} bytes; at least one letter, if there is any. */
  dead(after: number, limit: number): Wire<DeadLetter>[] {
    const letters: Wire<DeadLetter>[] = []
    let size = 0
    for (const row of this.#sql.dead.iterate(after, limit)) {
      const event = bytes(row['body'])
      letters.push({
        seq: Number(row['seq']),
        attempts: Number(row['attempts']),
        reason: String(row['reason']),
        diedAt: Number(row['died_at']),
        event,
      })
      size += event.length
      if (size >= MAX_ANSWER) break
    }
    return letters
  }

  /**
   * Puts dead letters back at the end: these, or the first `limit`; fewer when they are large. Returns their partition keys, and
   * whether some may be left.
   */
  redrive(
    seqs: readonly number[] | undefined,
    limit: number,
    now: number,
  ): { keys: string[]; isMore: boolean } {
    const chosen = seqs ?? this.#sql.deadSeqs.all(limit).map(row => Number(row['seq']))
    let isMore = seqs === undefined && chosen.length === limit
    const keys: string[] = []
    let moved = 0
    for (const dead of chosen) {
      const size = this.#sql.isDead.get(dead)?.['size']
      if (size === undefined) continue
      if (moved >= MAX_MOVED) {
        isMore = true
        break
      }
      keys.push(this.events.redrive(dead, Number(size), now))
      this.#sql.forget.run(dead)
      moved += Number(size)
    }
    this.#counts.dead -= keys.length
    return { keys, isMore }
  }

  /** Counts, given which messages are leased. Looks at no more rows than are leased or delayed. */
  stats(now: number, leased: ReadonlySet<number>): QueueStats {
    const free = this.events.count - leased.size
    // A clock that was set back makes what is leased look delayed again.
    const delayed = Math.min(this.events.delayed(now), free)
    return {
      waiting: free - delayed,
      leased: leased.size,
      delayed,
      dead: this.#counts.dead,
      oldestAge: Math.max(0, now - this.events.oldest(now, leased)),
      bytes: fileSize(this.#file) + fileSize(`${this.#file}-wal`),
    }
  }

  /** Carries the write-ahead log over to the database. TRUNCATE also gives its room back, once nobody reads in it. */
  checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): void {
    this.#database.exec(`PRAGMA wal_checkpoint(${mode})`)
  }

  /**
   * Gives up to `pages` unused pages back to the file system. Each step begins with a checkpoint, so that no later
   * commit has to make a large one. False when nothing was left to do.
   */
  shrink(pages: number): boolean {
    const hasUnused = number(this.#database, 'PRAGMA freelist_count') > 0
    this.checkpoint(hasUnused ? 'PASSIVE' : 'TRUNCATE')
    if (hasUnused) this.#database.exec(`PRAGMA incremental_vacuum(${pages})`)
    return hasUnused
  }

  close(): void {
    this.#database.close()
  }
}

function fileSize(file: string): number {
  return statSync(file).size
}
