import { existsSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { DatabaseSync } from 'node:sqlite'
import { failureOf, openError } from './sqlite-protocol.ts'
import { assertOwn, number } from './sqlite-schema.ts'

/** What is in a queue; `unclean`: its process ended without closing it. */
export type Inspected = { waiting: number; dead: number } | 'missing' | 'unclean'

/**
 * Looks into a queue that no process has open, without writing anything beside it. Throws QueueCorruptError when it is
 * something else or damaged, QueueUnavailableError when it cannot be read.
 */
export function inspectQueue(file: string): Inspected {
  if (!existsSync(file)) return 'missing'
  // What is in the log yet can only be read by a connection that may write.
  if (existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0) return 'unclean'
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  try {
    const database = new DatabaseSync(url, { readOnly: true })
    try {
      return look(database, file)
    } finally {
      database.close()
    }
  } catch (error) {
    throw openError(failureOf(error), file)
  }
}

function look(database: DatabaseSync, file: string): Inspected {
  if (number(database, 'SELECT count(*) FROM sqlite_schema') === 0) return 'missing'
  assertOwn(database, file)
  const [waiting, dead] = ['waiting', 'dead'].map(name =>
    number(database, `SELECT value FROM counters WHERE name = '${name}'`),
  )
  return { waiting: Number(waiting), dead: Number(dead) }
}
