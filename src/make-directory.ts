import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DirectoryError } from './errors.ts'

/**
 * Makes a directory where it is missing, with those above it, for this user alone, and syncs their names to disk: a new one
 * survives a power cut only once its parent is synced. Throws DirectoryError when it cannot be made or written.
 */
export function makeDirectory(directory: string): void {
  const path = resolve(directory)
  try {
    // One by one: Node's own way to make several never ends where one cannot be, as in /proc.
    for (const one of [path, ...missingIn(dirname(path))].toReversed()) if (make(one)) sync(dirname(one))
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new DirectoryError(shortened(path), [code, ADVICE[code]].filter(Boolean).join(': '), { cause })
  }
}

const OTHERWISE = 'or name another one in DATA_DIR or QUEUE_URL'

/** What is wrong, and what to do, by the code of the system. */
const ADVICE: Record<string, string> = {
  EEXIST: `a file, or a link to nothing, is in its place. Move that away, ${OTHERWISE}`,
  ENOTDIR: `a part of the path is a file. Move that away, ${OTHERWISE}`,
  ENOENT: 'it cannot be made there. Name another one in DATA_DIR or QUEUE_URL',
  EACCES: `this user may not make or write it. Make it and give it to the user of the service (chown), ${OTHERWISE}`,
  EPERM: `this user may not make or write it. Make it and give it to the user of the service (chown), ${OTHERWISE}`,
  EROFS: `its file system is read-only. Mount it writable, ${OTHERWISE}`,
  ENOSPC: `its disk is full. Make room, ${OTHERWISE}`,
  EDQUOT: `the quota of this user is used up. Make room, ${OTHERWISE}`,
  ENAMETOOLONG: 'its name is too long. Name another one in DATA_DIR or QUEUE_URL',
  ELOOP: `its links lead in a circle. Put them right, ${OTHERWISE}`,
}

/** Of it and those above it those that are not there, from the inside. */
function missingIn(path: string): string[] {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? [path, ...missingIn(dirname(path))] : []
}

/** False when it is there already. */
function make(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false
    throw error
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function shortened(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path
}
