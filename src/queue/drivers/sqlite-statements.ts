import type { DatabaseSync } from 'node:sqlite'

/** The statements of a store, by what they do. */
export function prepareStatements(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO events (partition_key, created, body) VALUES (?, ?, ?)'),
    read: database.prepare('SELECT attempts, body FROM events WHERE seq = ?'),
    remove: database.prepare('DELETE FROM events WHERE seq = ?'),
    fail: database.prepare(
      'UPDATE events SET attempts = attempts + 1, not_before = ? WHERE seq = ? RETURNING attempts',
    ),
    bury: database.prepare(`
      INSERT INTO dead (seq, partition_key, attempts, reason, died_at, body)
      SELECT seq, partition_key, ?, ?, ?, body FROM events WHERE seq = ?
    `),
    dead: database.prepare('SELECT * FROM dead WHERE seq > ? ORDER BY seq LIMIT ?'),
    deadSeqs: database.prepare('SELECT seq FROM dead ORDER BY seq LIMIT ?'),
    redrive: database.prepare(`
      INSERT INTO events (partition_key, created, body)
      SELECT partition_key, ?, body FROM dead WHERE seq = ?
      RETURNING partition_key
    `),
    forget: database.prepare('DELETE FROM dead WHERE seq = ?'),
    scan: database.prepare(
      'SELECT seq, partition_key, not_before FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
    ),
    ofKey: database.prepare(
      'SELECT seq FROM events WHERE seq BETWEEN ? AND ? AND partition_key = ? ORDER BY seq LIMIT ?',
    ),
    // The first condition says the same as the second, but it is what lets the partial index be used.
    delayed: database.prepare('SELECT count(*) AS count FROM events WHERE not_before > 0 AND not_before > ?'),
    oldest: database.prepare('SELECT seq, created FROM events WHERE not_before <= ? ORDER BY seq'),
    last: database.prepare('SELECT ifnull(max(seq), 0) AS seq FROM events'),
    count: database.prepare(
      'INSERT INTO counters (value, name) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ),
  }
}
