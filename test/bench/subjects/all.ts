import { BASELINE, CEILINGS } from './ceilings.ts'
import { INSTEAD } from './instead.ts'
import { NODE_RED } from './node-red.ts'
import { OURS } from './ours.ts'
import type { Subject } from './subject.ts'

/** In the order in which they are measured in a round. */
export const SUBJECTS: readonly Subject[] = [...CEILINGS, ...OURS, ...INSTEAD, NODE_RED]

/** Those of these names, all unless given, and what they are compared with. Throws on a name that none has. */
export function chosen(names: string[] | undefined): Subject[] {
  const unknown = names?.filter(name => !SUBJECTS.some(subject => subject.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(
      `no subject is called ${unknown.join(', ')}; there are ${SUBJECTS.map(({ name }) => name).join(', ')}`,
    )
  return SUBJECTS.filter(({ name }) => names === undefined || name === BASELINE || names.includes(name))
}
