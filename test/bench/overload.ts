import { readFileSync } from 'node:fs'

/** Just fewer than the listener keeps open, and more than the events that it lets be under way before it refuses. */
export const OVERLOAD_CONNECTIONS = 11_500
/** What a process has open besides. */
const OTHER_FILES = 200

/** How many connections an overload is sent over: as many files as a process may open here, where that is fewer. */
export function overloadConnections(limits = readLimits()): number {
  const most = Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity)
  return Math.min(OVERLOAD_CONNECTIONS, most - OTHER_FILES)
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    // This is no Linux.
    return ''
  }
}
