import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isBusy, openError } from './sqlite-protocol.ts'

/**
 * Creates the file (0600) and its directories (0700) if they are missing, and syncs their names to disk. SQLite gives
 * `-wal` and `-shm` the mode of the database. An existing file is not opened: closing it would drop this process's
 * POSIX locks on it, which are SQLite's.
 */
export function createPrivateFile(file: string): void {
  const directory = dirname(resolve(file))
  const firstMade = mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw error
  }
  syncPath(directory)
  if (firstMade === undefined) return
  // What was made has its name in the directory above, which may be the root.
  for (let path = directory; path.length >= firstMade.length; path = dirname(path)) syncPath(dirname(path))
}

/** Syncs a file or directory. Never call it for a database that is open: see {@link createPrivateFile}. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Without this a lock would be gone with the garbage as soon as nobody remembers how to release it. */
const held = new Set<DatabaseSync>()

/**
 * Makes this process the one owner of the queue: an exclusive SQLite lock on `<file>.lock`, which the kernel releases
 * when the process ends in whatever way. The database itself stays readable from outside. Returns the release.
 * Throws QueueLockedError when another connection owns it.
 */
export function lockQueue(file: string): () => void {
  createPrivateFile(`${file}.lock`)
  const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw isBusy(error) ? openError({ kind: 'locked', reason: 'another process uses it' }, file) : error
  }
  held.add(lock)
  return () => {
    held.delete(lock)
    lock.close()
  }
}
