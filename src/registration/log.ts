import type { Outcome, Problem, Success } from './outcome.ts'

/** The part of a pino logger that is used here. */
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>

const DONE: Record<Success['kind'], string> = {
  unchanged: 'Jelou has the webhook as configured',
  created: 'Registered the webhook with Jelou and kept the signing secret',
  updated: 'What Jelou had was not what is configured: updated it',
  replaced:
    'Jelou had no integration any more: created it anew and kept the new signing secret; the old one verifies for a while',
  recreated: 'Created the integration anew and kept its new signing secret',
  unregistered: 'Unregistered on request: Jelou sends no events until somebody asks to register again',
  rotated: 'Created the integration anew and kept its new signing secret; the old one verifies for a while',
}

const WRONG: Record<Problem['kind'], string> = {
  unavailable: 'No usable answer from Jelou about the registration: trying again',
  refused: 'Jelou refused to change the registration; the kept signing secret stays in use: trying again',
  failed: 'The registration could not be kept: trying again',
  conflict: 'Another service has registered its own webhook for this project: leaving it alone',
  secret_lost: 'The signing secret is lost: no event can be verified',
  rejected: 'The webhook cannot be registered',
}

/** What every pass finds again as long as nobody changes anything. */
const LASTING: ReadonlySet<Outcome['kind']> = new Set(['unchanged', 'unregistered'])

/** Says each change, and of the same problem in a row the 1st, 2nd, 4th, 8th … `repeats` counts the kind's passes in a row. */
export function logOutcome(log: Log, outcome: Outcome, repeats: number): void {
  if ('reason' in outcome) {
    const { kind, reason } = outcome
    const level = ['secret_lost', 'rejected', 'conflict'].includes(kind) ? 'error' : 'warn'
    const isDue = Number.isInteger(Math.log2(repeats))
    log[isDue ? level : 'debug']({ outcome: kind, reason, repeats }, WRONG[kind])
  } else {
    const isNews = !LASTING.has(outcome.kind) || repeats === 1
    log[isNews ? 'info' : 'debug'](
      { outcome: outcome.kind, ...('fields' in outcome && { fields: outcome.fields }) },
      DONE[outcome.kind],
    )
  }
}
