import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { DeadLetter, QueueStats, TakeRequest } from '../types.ts'
import type { PackedEvent, PackedEvents } from './sqlite-batch.ts'
import { Bulk, type Located } from './sqlite-bulk.ts'
import { SeenIds } from './sqlite-dedupe.ts'
import type { Row, RowSource } from './sqlite-leases.ts'
import type { Wire, WorkerOptions } from './sqlite-protocol.ts'
import { prepareStatements } from './sqlite-statements.ts'
import { number, openDatabase, transaction } from './sqlite-schema.ts'

/** An answer with bodies stops growing at this many bytes, so that nobody need fear large ones. */
export const MAX_ANSWER = 16 * 1024 * 1024

/** How much of the largest size the remembered ids may take, in both generations, and about how many bytes one takes. */
const SEEN_SHARE = 0.25
const SEEN_SIZE = 48

export type StoreOptions = Pick<WorkerOptions, 'file' | 'dedupeWindow' | 'maxAttempts' | 'maxSize'>

/** A message as it is delivered; `attempts` are those that failed before. */
export type StoredMessage = { attempts: number; body: Uint8Array }

/**
 * The queue on disk: statements, no policy about who may have what. What changes events must run in
 * {@link Store.transaction}. Methods throw SQLite's errors.
 */
export class Store implements RowSource {
  readonly #file: string
  readonly #maxAttempts: number
  readonly #database: DatabaseSync
  readonly #seen: SeenIds
  readonly #sql
  readonly #bulk: Bulk
  readonly #maxSeen: number
  /** `seen` is the number of ids in the current generation. */
  #counts: { waiting: number; dead: number; seen: number }

  constructor({ file, dedupeWindow, maxAttempts, maxSize }: StoreOptions) {
    this.#file = file
    this.#maxAttempts = maxAttempts
    this.#database = openDatabase(file, maxSize)
    this.#seen = new SeenIds(this.#database, dedupeWindow)
    this.#sql = prepareStatements(this.#database)
    this.#bulk = new Bulk(this.#database)
    const count = (name: string) =>
      number(this.#database, `SELECT ifnull(max(value), 0) FROM counters WHERE name = '${name}'`)
    this.#maxSeen = (maxSize * SEEN_SHARE) / 2 / SEEN_SIZE
    this.#counts = { waiting: count('waiting'), dead: count('dead'), seen: count('seen') }
  }

  /** Runs changes in one synced transaction: all of them, or an error and none. */
  transaction(now: number, work: () => void): void {
    if (this.#seen.rotate(now, this.#counts.seen >= this.#maxSeen)) this.#counts.seen = 0
    const before = { ...this.#counts }
    try {
      transaction(this.#database, () => {
        this.#counts.seen += this.#seen.save()
        work()
        for (const name of ['waiting', 'dead', 'seen'] as const)
          if (this.#counts[name] !== before[name]) this.#sql.count.run(this.#counts[name], name)
      })
      this.#seen.forgetNoted()
    } catch (error) {
      this.#counts = before
      throw error
    }
  }

  /** The ids of events that were stored, here or elsewhere. */
  get seen(): SeenIds {
    return this.#seen
  }

  /** The `seq` of the last event; 0 when there is none. */
  get last(): number {
    return Number(this.#sql.last.get()?.['seq'])
  }

  /** Puts an event at the end. False when its id is remembered: nothing was stored. */
  add({ dedupeKey, partitionKey, body }: PackedEvent, now: number): boolean {
    if (!this.#seen.add(dedupeKey)) return false
    this.#sql.add.run(partitionKey, now, body)
    this.#counts.waiting++
    this.#counts.seen++
    return true
  }

  read(seq: number): StoredMessage {
    const row = this.#sql.read.get(seq)
    return { attempts: Number(row?.['attempts']), body: bytes(row?.['body']) }
  }

  /** What a spool reads: the next events behind `after`, at most so many and so many bytes. */
  take(request: TakeRequest): PackedEvents {
    return this.#bulk.take(request)
  }

  /** The next events behind `after`, by number and key. */
  located(after: number, limit: number): Located[] {
    return this.#bulk.behind(after, limit)
  }

  remove(seq: number): void {
    this.#sql.remove.run(seq)
    this.#counts.waiting--
  }

  /** Removes what is there of these. Returns what it was. */
  settle(seqs: readonly number[]): Located[] {
    const settled = this.#bulk.remove(seqs)
    this.#counts.waiting -= settled.length
    return settled
  }

  /** Counts a failed delivery. True when it was the last: the message is a dead letter now. */
  fail(seq: number, notBefore: number, reason: string, now: number): boolean {
    const attempts = Number(this.#sql.fail.get(notBefore, seq)?.['attempts'])
    if (attempts < this.#maxAttempts) return false
    this.bury(seq, attempts, reason, now)
    return true
  }

  /** Makes an event a dead letter, if it is there. Returns what it was. */
  bury(seq: number, attempts: number, reason: string, now: number): Located[] {
    this.#counts.dead += Number(this.#sql.bury.run(attempts, reason, now, seq).changes)
    return this.settle([seq])
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

  /** Puts dead letters back at the end: these, or the first `limit`. Returns their partition keys. */
  redrive(seqs: readonly number[] | undefined, limit: number, now: number): string[] {
    const chosen = seqs ?? this.#sql.deadSeqs.all(limit).map(row => Number(row['seq']))
    const keys: string[] = []
    for (const seq of chosen) {
      const row = this.#sql.redrive.get(now, seq)
      if (row !== undefined) keys.push(String(row['partition_key']))
      this.#sql.forget.run(seq)
    }
    this.#counts.waiting += keys.length
    this.#counts.dead -= keys.length
    return keys
  }

  scan(after: number, limit: number): Row[] {
    return this.#sql.scan.all(after, limit).map(row => ({
      seq: Number(row['seq']),
      key: String(row['partition_key']),
      notBefore: Number(row['not_before']),
    }))
  }

  ofKey(key: string, from: number, upTo: number, limit: number): number[] {
    return this.#sql.ofKey.all(from, upTo, key, limit).map(row => Number(row['seq']))
  }

  /** Counts, given which messages are leased. Looks at no more rows than are leased or delayed. */
  stats(now: number, leased: ReadonlySet<number>): QueueStats {
    const delayed = Number(this.#sql.delayed.get(now)?.['count'])
    return {
      waiting: this.#counts.waiting - leased.size - delayed,
      leased: leased.size,
      delayed,
      dead: this.#counts.dead,
      oldestAge: Math.max(0, now - this.#oldest(now, leased)),
      bytes: fileSize(this.#file) + fileSize(`${this.#file}-wal`),
    }
  }

  /** When the oldest message was stored that is neither delayed nor leased; Infinity when there is none. */
  #oldest(now: number, leased: ReadonlySet<number>): number {
    for (const row of this.#sql.oldest.iterate(now))
      if (!leased.has(Number(row['seq']))) return Number(row['created'])
    return Infinity
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

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new TypeError('A stored message has vanished')
}
