import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { DeadLetter, Located, QueueStats, TakeRequest } from '../types.ts'
import type { PackedEvent, PackedEvents } from './sqlite-batch.ts'
import { SeenIds } from './sqlite-dedupe.ts'
import type { Row, RowSource } from './sqlite-leases.ts'
import type { Wire, WorkerOptions } from './sqlite-protocol.ts'
import { number, openDatabase, transaction } from './sqlite-schema.ts'
import type { SegmentTable } from './sqlite-segment.ts'
import { Segments } from './sqlite-segments.ts'
import {
  countOf,
  gapsBehind,
  rangesOf,
  settle,
  unsettled,
  type Gap,
  type Range,
  type Settled,
} from './sqlite-settled.ts'
import { prepareStatements } from './sqlite-statements.ts'

/** An answer with bodies stops growing at this many bytes, so that nobody need fear large ones. */
export const MAX_ANSWER = 16 * 1024 * 1024

/** How much of the largest size the remembered ids may take, in both generations, and about how many bytes one takes. */
const SEEN_SHARE = 0.25
const SEEN_SIZE = 48

const END = Number.MAX_SAFE_INTEGER
const NOTHING = { seqs: '[]', keys: '[]', sizes: '[]' }

/** Events that may be settled in memory alone, because one before them is not: a crash has them delivered again. */
const MAX_UNSAVED = 16_384

export type StoreOptions = Pick<
  WorkerOptions,
  'file' | 'dedupeWindow' | 'maxAttempts' | 'maxSize' | 'segments'
>

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
  readonly #segments: Segments
  readonly #maxSeen: number
  #settled: Settled
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
    this.#segments = new Segments(this.#database, count('last'), segments)
    this.#settled = { mark: count('settled'), ranges: [] }
    this.#maxSeen = (maxSize * SEEN_SHARE) / 2 / SEEN_SIZE
    this.#counts = { dead: count('dead'), seen: count('seen') }
  }

  /** Runs changes in one synced transaction: all of them, or an error and none. */
  transaction(now: number, work: () => void): void {
    if (this.#seen.rotate(now, this.#counts.seen >= this.#maxSeen)) this.#counts.seen = 0
    const before = { counts: { ...this.#counts }, settled: this.#settled }
    const onDisk = new Map(this.#counters())
    this.#segments.begin()
    try {
      transaction(this.#database, () => {
        this.#counts.seen += this.#seen.save()
        work()
        this.#segments.save()
        for (const [name, value] of this.#counters())
          if (value !== onDisk.get(name)) this.#sql.count.run(value, name)
      })
      this.#seen.forgetNoted()
    } catch (error) {
      ;({ counts: this.#counts, settled: this.#settled } = before)
      this.#segments.undo()
      throw error
    }
  }

  #counters(): [name: string, value: number][] {
    const { live: waiting, last } = this.#segments
    return Object.entries({ ...this.#counts, waiting, last, settled: this.#settled.mark })
  }

  /** The ids of events that were stored, here or elsewhere. */
  get seen(): SeenIds {
    return this.#seen
  }

  /** The `seq` that was given last; 0 when there was none. */
  get last(): number {
    return this.#segments.last
  }

  /** Puts an event at the end. False when its id is remembered: nothing was stored. */
  add({ dedupeKey, partitionKey, body }: PackedEvent, now: number): boolean {
    if (!this.#seen.add(dedupeKey)) return false
    const { table, seq } = this.#segments.next(body.length)
    table.add.run(seq, partitionKey, now, body)
    this.#counts.seen++
    return true
  }

  read(seq: number): StoredMessage {
    const row = this.#segments.of(seq).read.get(seq)
    return { attempts: Number(row?.['attempts']), body: bytes(row?.['body']) }
  }

  /** What a spool reads: the next events behind `after`, at most so many and so many bytes, but one at least, if there is any. */
  take({ after, ...limits }: TakeRequest): PackedEvents {
    for (const [table, gap] of this.#behind(after)) {
      const taken = table.take(gap, limits)
      if (taken.seqs !== NOTHING.seqs) return taken
    }
    return { ...NOTHING, bodies: new ArrayBuffer(0) }
  }

  /** The next events behind `after`, by number and key. */
  located(after: number, limit: number): Located[] {
    return this.#gather(after, limit, (table, gap, limit) => table.behind(gap, limit))
  }

  remove(seq: number): void {
    this.#segments.delete([[seq, seq]])
  }

  /**
   * Counts these as delivered, and returns which of them were not yet. It is on disk as soon as it is true of all before them,
   * too; a crash until then has them delivered again.
   */
  settle(seqs: readonly number[]): Range[] {
    const found = unsettled(this.#settled, rangesOf(seqs)).flatMap(range =>
      [...this.#segments.between(...range)].flatMap(table => table.present(range)),
    )
    const { passed, ...settled } = settle(this.#settled, found, gap => this.#isEmpty(gap))
    this.#settled = settled
    this.#segments.release(passed)
    if (countOf(settled.ranges) > MAX_UNSAVED) this.deleteSettled()
    return found
  }

  /** Writes down what is settled in memory alone, at the price of deleting it row by row. */
  deleteSettled(): void {
    const { mark, ranges } = this.#settled
    this.#settled = { mark, ranges: [] }
    this.#segments.delete(ranges)
  }

  /** Counts a failed delivery. True when it was the last: the message is a dead letter now. */
  fail(seq: number, notBefore: number, reason: string, now: number): boolean {
    const attempts = Number(this.#segments.of(seq).fail.get(notBefore, seq)?.['attempts'])
    if (attempts < this.#maxAttempts) return false
    this.bury(seq, attempts, reason, now)
    return true
  }

  /** Makes an event a dead letter, if it is there. Returns its key. */
  bury(seq: number, attempts: number, reason: string, now: number): string | undefined {
    if (unsettled(this.#settled, [[seq, seq]]).length === 0) return undefined
    const rows = [...this.#segments.between(seq, seq)].map(table =>
      table.bury.get(attempts, reason, now, seq),
    )
    const row = rows[0]
    if (row === undefined) return undefined
    this.#counts.dead++
    this.remove(seq)
    return String(row['partition_key'])
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
    for (const dead of chosen) {
      const size = this.#sql.isDead.get(dead)?.['size']
      if (size === undefined) continue
      const { table, seq } = this.#segments.next(Number(size))
      keys.push(String(table.redrive.get(seq, now, dead)?.['partition_key']))
      this.#sql.forget.run(dead)
    }
    this.#counts.dead -= keys.length
    return keys
  }

  scan(after: number, limit: number): Row[] {
    return this.#gather(after, limit, (table, { after, before }, limit) =>
      table.scan.all(after, before, limit).map(row => ({
        seq: Number(row['seq']),
        key: String(row['partition_key']),
        notBefore: Number(row['not_before']),
      })),
    )
  }

  ofKey(key: string, from: number, upTo: number, limit: number): number[] {
    return this.#gather(from - 1, limit, (table, { after }, limit) =>
      table.ofKey.all(after + 1, upTo, key, limit).map(row => Number(row['seq'])),
    )
  }

  /** Counts, given which messages are leased. Looks at no more rows than are leased or delayed. */
  stats(now: number, leased: ReadonlySet<number>): QueueStats {
    const { mark, ranges } = this.#settled
    const delayed = [...this.#segments.between(mark + 1, END)].reduce(
      (sum, table) => sum + Number(table.delayed.get(now, mark)?.['count']),
      0,
    )
    return {
      waiting: this.#segments.live - countOf(ranges) - leased.size - delayed,
      leased: leased.size,
      delayed,
      dead: this.#counts.dead,
      oldestAge: Math.max(0, now - this.#oldest(now, leased)),
      bytes: fileSize(this.#file) + fileSize(`${this.#file}-wal`),
    }
  }

  /** When the oldest message was stored that is neither delayed nor leased; Infinity when there is none. */
  #oldest(now: number, leased: ReadonlySet<number>): number {
    for (const [table, { after, before }] of this.#behind(0))
      for (const row of table.oldest.iterate(after, before, now))
        if (!leased.has(Number(row['seq']))) return Number(row['created'])
    return Infinity
  }

  /** Whether there is no row, settled or not. */
  #isEmpty({ after, before }: Gap): boolean {
    return [...this.#segments.between(after + 1, before - 1)].every(
      table => table.first.get(after, before) === undefined,
    )
  }

  /** The tables in which there may be events behind `after` that are still to be delivered, and where. */
  *#behind(after: number): Generator<[table: SegmentTable, gap: Gap]> {
    for (const gap of gapsBehind(this.#settled, after))
      for (const table of this.#segments.between(gap.after + 1, gap.before - 1)) yield [table, gap]
  }

  #gather<T>(after: number, limit: number, read: (table: SegmentTable, gap: Gap, limit: number) => T[]): T[] {
    const rows: T[] = []
    for (const [table, gap] of this.#behind(after)) {
      rows.push(...read(table, gap, limit - rows.length))
      if (rows.length >= limit) break
    }
    return rows
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
