import type { DatabaseSync } from 'node:sqlite'
import { clearSegment, createSegment, dropSegment } from './sqlite-schema.ts'
import type { SegmentLimits } from './sqlite-protocol.ts'
import { SegmentTable } from './sqlite-segment.ts'
import type { Range } from './sqlite-settled.ts'

const LIMITS: SegmentLimits = { events: 32_768, bytes: 32 * 1024 * 1024 }

/** One table: `first` is the least `seq` that it may hold, `live` how many of its events are still to be delivered. */
type Segment = { id: number; first: number; live: number }

/**
 * The events of a queue, in tables one after the other. New ones go to the last. A table that has nothing left to be
 * delivered is dropped whole, which takes next to nothing, where deleting its rows takes as much as writing them did.
 * What changes anything belongs between {@link begin} and {@link save}, in a transaction; {@link undo} when that fails.
 */
export class Segments {
  readonly #database: DatabaseSync
  readonly #limits: SegmentLimits
  readonly #sql
  readonly #tables = new Map<number, SegmentTable>()
  #segments: Segment[]
  #last: number
  #before: { segments: Segment[]; last: number }
  /** Bytes of the events that were put in the last table. */
  #bytes = 0

  constructor(database: DatabaseSync, last: number, limits: Partial<SegmentLimits> = {}) {
    this.#database = database
    this.#limits = { ...LIMITS, ...limits }
    this.#sql = {
      keep: database.prepare(`
        INSERT INTO segments (id, first, live) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET first = excluded.first, live = excluded.live
      `),
      forget: database.prepare('DELETE FROM segments WHERE id = ?'),
    }
    this.#segments = database
      .prepare('SELECT id, first, live FROM segments ORDER BY id')
      .all()
      .map(({ id, first, live }) => ({ id: Number(id), first: Number(first), live: Number(live) }))
    this.#last = last
    this.#before = this.#copy()
  }

  /** Events that are still to be delivered. */
  get live(): number {
    return this.#segments.reduce((sum, { live }) => sum + live, 0)
  }

  /** The last `seq` that was given to an event. */
  get last(): number {
    return this.#last
  }

  begin(): void {
    this.#before = this.#copy()
  }

  /** Writes down what has changed since {@link begin}. */
  save(): void {
    const before = new Map(this.#before.segments.map(segment => [segment.id, segment]))
    for (const { id, first, live } of this.#segments) {
      const { first: firstBefore, live: liveBefore } = before.get(id) ?? {}
      if (first !== firstBefore || live !== liveBefore) this.#sql.keep.run(id, first, live)
      before.delete(id)
    }
    for (const id of before.keys()) this.#sql.forget.run(id)
  }

  /** Takes back what has changed since {@link begin}. */
  undo(): void {
    ;({ segments: this.#segments, last: this.#last } = this.#before)
    this.#tables.clear()
  }

  /** The table of an event. */
  of(seq: number): SegmentTable {
    return this.#table(this.#segmentOf(seq))
  }

  /** The tables that may hold events from `first` to `last`, in order. */
  *between(first: number, last: number): Generator<SegmentTable> {
    const from = this.#segments.findLastIndex(segment => segment.first <= first)
    for (const segment of this.#segments.slice(Math.max(from, 0)))
      if (segment.first <= last) yield this.#table(segment)
  }

  /** The table and the `seq` of a new event of so many bytes, at the end. */
  next(bytes: number): { table: SegmentTable; seq: number } {
    const segment = this.#current(bytes)
    segment.live++
    this.#bytes += bytes
    return { table: this.#table(segment), seq: ++this.#last }
  }

  /** Deletes the rows of these events, all of which are there. */
  delete(ranges: readonly Range[]): void {
    for (const [first, last] of ranges)
      for (const table of this.between(first, last)) table.remove.run(first, last)
    this.release(ranges)
  }

  /** Counts these events as delivered, and drops the tables that have no others. */
  release(ranges: readonly Range[]): void {
    for (const [first, last] of ranges)
      for (let at = first; at <= last;) {
        const segment = this.#segmentOf(at)
        const next = this.#segments[this.#segments.indexOf(segment) + 1]?.first ?? Infinity
        const end = Math.min(last, next - 1)
        segment.live -= end - at + 1
        at = end + 1
      }
    for (const segment of this.#segments) if (segment.live === 0) this.#empty(segment)
  }

  /** The last segment, if it has room, or a new one. */
  #current(bytes: number): Segment {
    const current = this.#segmentOf(Infinity)
    const events = this.#last - current.first + 1
    const hasRoom = events < this.#limits.events && this.#bytes + bytes <= this.#limits.bytes
    if (events === 0 || hasRoom) return current
    const begun = { id: current.id + 1, first: this.#last + 1, live: 0 }
    createSegment(this.#database, begun.id)
    this.#segments.push(begun)
    this.#bytes = 0
    return begun
  }

  /** Takes the rows away that are left in it, and the table too, but for the last. */
  #empty(segment: Segment): void {
    if (segment !== this.#segmentOf(Infinity)) {
      this.#segments = this.#segments.filter(other => other !== segment)
      this.#tables.delete(segment.id)
      dropSegment(this.#database, segment.id)
    } else if (segment.first <= this.#last) {
      clearSegment(this.#database, segment.id)
      segment.first = this.#last + 1
      this.#bytes = 0
    }
  }

  #segmentOf(seq: number): Segment {
    const segment = this.#segments.findLast(({ first }) => first <= seq)
    if (segment === undefined) throw new TypeError('A stored message has vanished')
    return segment
  }

  #table({ id }: Segment): SegmentTable {
    const known = this.#tables.get(id)
    if (known !== undefined) return known
    const table = new SegmentTable(this.#database, id)
    this.#tables.set(id, table)
    return table
  }

  #copy(): { segments: Segment[]; last: number } {
    return { segments: this.#segments.map(segment => ({ ...segment })), last: this.#last }
  }
}
