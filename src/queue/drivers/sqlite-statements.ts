import type { DatabaseSync } from 'node:sqlite'

/** The statements of a store that are not about one segment, by what they do. */
export function prepareStatements(database: DatabaseSync) {
  return {
    dead: database.prepare('SELECT * FROM dead WHERE seq > ? ORDER BY seq LIMIT ?'),
    deadSeqs: database.prepare('SELECT seq FROM dead ORDER BY seq LIMIT ?'),
    isDead: database.prepare('SELECT length(body) AS size FROM dead WHERE seq = ?'),
    forget: database.prepare('DELETE FROM dead WHERE seq = ?'),
    count: database.prepare(
      'INSERT INTO counters (value, name) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ),
  }
}
