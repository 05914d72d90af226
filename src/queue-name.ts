import { hash } from 'node:crypto'

const PREFIX = 'jelou-events-'
const LONGEST = 60

/**
 * The queue of a project when no other name is configured: two projects never get the same one. Letters, digits and
 * `_ -`, at most 80 characters, which every broker takes (SQS has the shortest names).
 */
export function queueNameOf(projectId: string): string {
  const safe = projectId.replace(
    /[^A-Za-z0-9-]/gu,
    character => `_${character.codePointAt(0)?.toString(16)}_`,
  )
  return PREFIX + (safe.length <= LONGEST ? safe : hash('sha256', projectId).slice(0, LONGEST))
}
