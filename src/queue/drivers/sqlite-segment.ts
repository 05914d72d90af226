import type { DatabaseSync } from 'node:sqlite'
import type { Located, TakeRequest } from '../types.ts'
import type { PackedEvents } from './sqlite-batch.ts'
import { rangesOf, type Gap, type Range } from './sqlite-settled.ts'

/**
 * The statements of one table of events. Those that read or settle many answer with one row for all of them: an object and a
 * buffer for each event cost more than reading it. What the aggregates of one row are given comes in one order for all of
 * them, and bytes stay what they are as long as nothing asks for characters.
 */
export class SegmentTable {
  readonly add
  readonly read
  readonly fail
  readonly bury
  readonly redrive
  readonly remove
  readonly scan
  readonly ofKey
  readonly delayed
  readonly oldest
  readonly first
  readonly #take
  readonly #size
  readonly #behind
  readonly #count
  readonly #seqs

  constructor(database: DatabaseSync, id: number) {
    const name = `events_${id}`
    const prepare = (sql: string) => database.prepare(sql)
    this.add = prepare(`INSERT INTO ${name} (seq, partition_key, created, body) VALUES (?, ?, ?, ?)`)
    this.read = prepare(`SELECT attempts, body FROM ${name} WHERE seq = ?`)
    this.fail = prepare(
      `UPDATE ${name} SET attempts = attempts + 1, not_before = ? WHERE seq = ? RETURNING attempts`,
    )
    this.bury = prepare(`
      INSERT INTO dead (seq, partition_key, attempts, reason, died_at, body)
      SELECT seq, partition_key, ?, ?, ?, body FROM ${name} WHERE seq = ?
      RETURNING partition_key
    `)
    this.redrive = prepare(`
      INSERT INTO ${name} (seq, partition_key, created, body)
      SELECT ?, partition_key, ?, body FROM dead WHERE seq = ?
      RETURNING partition_key
    `)
    this.remove = prepare(`DELETE FROM ${name} WHERE seq BETWEEN ? AND ?`)
    this.scan = prepare(`
      SELECT seq, partition_key, not_before FROM ${name} WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?
    `)
    this.ofKey = prepare(
      `SELECT seq FROM ${name} WHERE seq BETWEEN ? AND ? AND partition_key = ? ORDER BY seq LIMIT ?`,
    )
    // The first condition says the same as the second, but it is what lets the partial index be used.
    this.delayed = prepare(
      `SELECT count(*) AS count FROM ${name} WHERE not_before > 0 AND not_before > ? AND seq BETWEEN ? AND ?`,
    )
    this.oldest = prepare(
      `SELECT seq, created FROM ${name} WHERE seq > ? AND seq < ? AND not_before <= ? ORDER BY seq`,
    )
    this.first = prepare(`SELECT seq FROM ${name} WHERE seq > ? AND seq < ? ORDER BY seq LIMIT 1`)
    this.#take = prepare(`
      SELECT json_group_array(seq) AS seqs, json_group_array(partition_key) AS keys,
        json_group_array(length(body)) AS sizes,
        CAST(ifnull(group_concat(CAST(body AS TEXT), ''), '') AS BLOB) AS bodies
      FROM (SELECT seq, partition_key, body FROM ${name} WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?)
    `)
    // The length is asked for where the rows are read: what leaves the inner query would be read as a whole, to be measured only.
    this.#size = prepare(`
      SELECT ifnull(sum(size), 0) AS size
      FROM (SELECT length(body) AS size FROM ${name} WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?)
    `)
    this.#behind = prepare(`
      SELECT json_group_array(seq) AS seqs, json_group_array(partition_key) AS keys
      FROM (SELECT seq, partition_key FROM ${name} WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?)
    `)
    this.#count = prepare(`SELECT count(*) AS count FROM ${name} WHERE seq BETWEEN ? AND ?`)
    this.#seqs = prepare(`SELECT json_group_array(seq) AS seqs FROM ${name} WHERE seq BETWEEN ? AND ?`)
  }

  /** The next events in a gap: at most so many and so many bytes, but one at least, if there is any. */
  take({ after, before }: Gap, { rows, bytes }: Omit<TakeRequest, 'after'>): PackedEvents {
    let limit = rows
    for (;;) {
      const size = Number(this.#size.get(after, before, limit)?.['size'])
      if (size <= bytes || limit === 1) break
      limit = Math.max(1, Math.floor((limit * bytes) / size))
    }
    const { seqs, keys, sizes, bodies } = Object(this.#take.get(after, before, limit))
    return { seqs, keys, sizes, bodies: bodies.buffer }
  }

  /** The next events in a gap, in order. */
  behind({ after, before }: Gap, limit: number): Located[] {
    const { seqs, keys } = Object(this.#behind.get(after, before, limit))
    const names: string[] = JSON.parse(keys)
    return JSON.parse(seqs).map((seq: number, index: number) => ({ seq, key: names[index] }))
  }

  /** What is there of these. */
  present(range: Range): Range[] {
    const [first, last] = range
    const count = Number(this.#count.get(...range)?.['count'])
    return count === last - first + 1 ? [range] : rangesOf(JSON.parse(Object(this.#seqs.get(...range)).seqs))
  }
}
