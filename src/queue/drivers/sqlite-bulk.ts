import type { DatabaseSync } from 'node:sqlite'
import type { TakeRequest } from '../types.ts'
import type { PackedEvents } from './sqlite-batch.ts'

/** An event by its number and its key. */
export type Located = { seq: number; key: string }

/**
 * Reads and removes many events of a spool at a time. Each statement answers with one row for all of them: an object and a
 * buffer for each event cost more than reading it. What the aggregates of one row are given comes in one order for all of
 * them, and bytes stay what they are as long as nothing asks for characters.
 */
export class Bulk {
  readonly #sql

  constructor(database: DatabaseSync) {
    this.#sql = {
      take: database.prepare(`
        SELECT json_group_array(seq) AS seqs, json_group_array(partition_key) AS keys,
          json_group_array(length(body)) AS sizes,
          CAST(ifnull(group_concat(CAST(body AS TEXT), ''), '') AS BLOB) AS bodies
        FROM (SELECT seq, partition_key, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?)
      `),
      // The length is asked for where the rows are read: what leaves the inner query would be read as a whole, to be measured only.
      size: database.prepare(`
        SELECT ifnull(sum(size), 0) AS size
        FROM (SELECT length(body) AS size FROM events WHERE seq > ? ORDER BY seq LIMIT ?)
      `),
      behind: database.prepare(`
        SELECT json_group_array(seq) AS seqs, json_group_array(partition_key) AS keys
        FROM (SELECT seq, partition_key FROM events WHERE seq > ? ORDER BY seq LIMIT ?)
      `),
      range: database.prepare(`
        SELECT json_group_array(seq) AS seqs, json_group_array(partition_key) AS keys
        FROM events WHERE seq BETWEEN ? AND ?
      `),
      remove: database.prepare('DELETE FROM events WHERE seq BETWEEN ? AND ?'),
    }
  }

  /** The next events behind `after`: at most so many and so many bytes, but one at least, if there is any. */
  take({ after, rows, bytes }: TakeRequest): PackedEvents {
    let limit = rows
    for (;;) {
      const size = Number(this.#sql.size.get(after, limit)?.['size'])
      if (size <= bytes || limit === 1) break
      limit = Math.max(1, Math.floor((limit * bytes) / size))
    }
    const { seqs, keys, sizes, bodies } = Object(this.#sql.take.get(after, limit))
    return { seqs, keys, sizes, bodies: bodies.buffer }
  }

  /** The next events behind `after`, in order. */
  behind(after: number, limit: number): Located[] {
    return located(this.#sql.behind.get(after, limit))
  }

  /** Removes what is there of these. Returns what it was. */
  remove(seqs: readonly number[]): Located[] {
    return rangesOf(seqs).flatMap(range => {
      const found = located(this.#sql.range.get(...range))
      this.#sql.remove.run(...range)
      return found
    })
  }
}

function located(row: unknown): Located[] {
  const { seqs, keys } = Object(row)
  const names: string[] = JSON.parse(keys)
  return JSON.parse(seqs).map((seq: number, index: number) => ({ seq, key: names[index] }))
}

/** Numbers as ranges, first and last included: one statement then serves many. */
function rangesOf(seqs: readonly number[]): [first: number, last: number][] {
  const ranges: [first: number, last: number][] = []
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range?.[1] === seq - 1) range[1] = seq
    else ranges.push([seq, seq])
  }
  return ranges
}
