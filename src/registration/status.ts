import type { AuthType } from '../jelou/schemas.ts'
import type { Outcome } from './outcome.ts'

/**
 * `starting`: no secret is held yet. `registered`: one is, and Jelou has what is configured, or was not asked yet.
 * `degraded`: the kept secret verifies, but the last pass ended in a problem. `secret_lost`: Jelou signs with a secret
 * that is not ours. `conflict`: a service with another URL that shares the state has its webhook registered; the shared secret
 * verifies. `unregistered`: somebody asked that Jelou has no integration. `static`: the secret is configured, nothing is registered.
 */
export type RegistrationPhase =
  'starting' | 'registered' | 'degraded' | 'conflict' | 'secret_lost' | 'unregistered' | 'static'

/** For operators and metrics; no secret in it. Times are ms since the epoch. */
export type RegistrationStatus = {
  phase: RegistrationPhase
  webhookUrl: string
  authType: AuthType
  /** When the current secret was kept. */
  secretSince: number | null
  /** Secrets before it that still verify. */
  previousSecrets: number
  /** When Jelou was last known to have what is configured. */
  lastReconciledAt: number | null
  lastOutcome: Outcome['kind'] | null
  /** What was wrong with the last pass. */
  lastError: string | null
  /** How passes ended, counted. */
  reconciles: Record<Outcome['kind'], number>
  /** Whether replicas share the kept state, how many of them are there, and why it could not be used the last time. */
  state: { shared: boolean; replicas: number; lastError: string | null }
  integrationId?: string
}

export function noReconciles(): RegistrationStatus['reconciles'] {
  const successes = {
    unchanged: 0,
    created: 0,
    updated: 0,
    replaced: 0,
    recreated: 0,
    rotated: 0,
    unregistered: 0,
  }
  return { ...successes, unavailable: 0, refused: 0, failed: 0, conflict: 0, secret_lost: 0, rejected: 0 }
}

/** The phase after a pass. A lost secret stays lost until the integration at Jelou is ours again. */
export function phaseAfter(
  outcome: Outcome,
  before: RegistrationPhase,
  holdsSecret: boolean,
): RegistrationPhase {
  if (before === 'static') return 'static'
  if (outcome.kind === 'unregistered') return 'unregistered'
  if (!('reason' in outcome)) return 'registered'
  if (outcome.kind === 'secret_lost' || before === 'secret_lost') return 'secret_lost'
  if (outcome.kind === 'conflict') return 'conflict'
  return holdsSecret ? 'degraded' : 'starting'
}

/** Why nothing is accepted, for everybody to see: without an address. */
export function whyNotReady({ phase, state }: Pick<RegistrationStatus, 'phase' | 'state'>): string {
  const missing = phase === 'unregistered' ? 'unregistered on request' : 'not registered with Jelou'
  const why = state.lastError === null ? missing : 'the kept state cannot be read'
  return `no signing secret is held: ${why}`
}
