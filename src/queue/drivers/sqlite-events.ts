import type { DatabaseSync } from 'node:sqlite'
import type { Located, TakeRequest } from '../types.ts'
import type { PackedEvents } from './sqlite-batch.ts'
import type { Row, RowSource } from './sqlite-leases.ts'
import type { SegmentLimits } from './sqlite-protocol.ts'
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

const END = Number.MAX_SAFE_INTEGER
const NOTHING = { seqs: '[]', keys: '[]', sizes: '[]' }

/** Events that may be settled in memory alone, because one before them is not: a crash has them delivered again. */
const MAX_UNSAVED = 16_384

/** Where the numbers have got to, as they are on disk; see `counters` in the schema. */
type EventsOptions = { last: number; mark: number; segments: Partial<SegmentLimits> | undefined }

/** A message as it is delivered; `attempts` are those that failed before. */
export type StoredMessage = { attempts: number; body: Uint8Array }

/**
 * The events that are to be delivered, in the order of `seq`. What changes any belongs between {@link begin} and {@link save}, in
 * a transaction; {@link undo} when that fails. Methods throw SQLite's errors.
 */
export class Events implements RowSource {
  readonly #segments: Segments
  #settled: Settled
  #before: Settled

  constructor(database: DatabaseSync, { last, mark, segments }: EventsOptions) {
    this.#segments = new Segments(database, last, segments)
    this.#settled = { mark, ranges: [] }
    this.#before = this.#settled
  }

  begin(): void {
    this.#before = this.#settled
    this.#segments.begin()
  }

  save(): void {
    this.#segments.save()
  }

  undo(): void {
    this.#settled = this.#before
    this.#segments.undo()
  }

  /** What the caller keeps on disk with each change; `waiting` also counts what is settled in memory alone. */
  get counters(): { waiting: number; last: number; settled: number } {
    const { live: waiting, last } = this.#segments
    return { waiting, last, settled: this.#settled.mark }
  }

  get count(): number {
    return this.#segments.live - countOf(this.#settled.ranges)
  }

  /** The `seq` that was given last; 0 when there was none. */
  get last(): number {
    return this.#segments.last
  }

  /** Puts an event at the end. */
  add(partitionKey: string, body: Uint8Array, now: number): void {
    const { table, seq } = this.#segments.next(body.length)
    table.add.run(seq, partitionKey, now, body)
  }

  /** Puts a dead letter of so many bytes at the end. Returns its key. */
  redrive(dead: number, size: number, now: number): string {
    const { table, seq } = this.#segments.next(size)
    return String(table.redrive.get(seq, now, dead)?.['partition_key'])
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

  /** Counts a failed delivery, and has the next wait until `notBefore`. Returns how many failed by now. */
  fail(seq: number, notBefore: number): number {
    return Number(this.#segments.of(seq).fail.get(notBefore, seq)?.['attempts'])
  }

  /** Makes an event a dead letter, if it is there. Returns its key. */
  bury(seq: number, attempts: number, reason: string, now: number): string | undefined {
    if (unsettled(this.#settled, [[seq, seq]]).length === 0) return undefined
    const [table] = this.#segments.between(seq, seq)
    const row = table?.bury.get(attempts, reason, now, seq)
    if (row === undefined) return undefined
    this.remove(seq)
    return String(row['partition_key'])
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

  /** How many may not be delivered yet. */
  delayed(now: number): number {
    const { mark, ranges } = this.#settled
    const count = (first: number, last: number): number =>
      [...this.#segments.between(first, last)].reduce(
        (sum, table) => sum + Number(table.delayed.get(now, first, last)?.['count']),
        0,
      )
    const all = count(mark + 1, END)
    // Only a queue that has become a spool has any that are settled.
    return all === 0 ? 0 : ranges.reduce((sum, range) => sum - count(...range), all)
  }

  /** When the oldest message was stored that is neither delayed nor leased; Infinity when there is none. */
  oldest(now: number, leased: ReadonlySet<number>): number {
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
}

/** The bytes of a column that has some. */
export function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new TypeError('A stored message has vanished')
}
