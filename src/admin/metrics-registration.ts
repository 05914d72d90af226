import type { Kinds } from './metric-kinds.ts'
import { registrationPhase } from './status-answer.ts'

const PHASES = registrationPhase.options

/** What the metrics need of the registration's status; times in ms since the epoch. */
type Status = {
  phase: (typeof PHASES)[number]
  secretSince: number | null
  previousSecrets: number
  lastReconciledAt: number | null
  reconciles: Record<string, number>
  state: { replicas: number; lastError: string | null }
}

export type RegistrationSources = {
  status: () => Status
  /** How asking for the lock of the kept state went since the start, and whether this process holds it. */
  lock: () => { acquired: number; busy: number; failed: number; held: boolean }
  now: () => number
}

export function addRegistrationMetrics(kinds: Kinds, { status, lock, now }: RegistrationSources): void {
  kinds.states({
    name: 'registration_phase',
    help: 'The phase that the registration with Jelou is in: 1, and 0 for the others',
    label: 'phase',
    read() {
      const { phase } = status()
      return Object.fromEntries(PHASES.map(each => [each, each === phase]))
    },
  })
  kinds.counter({
    name: 'reconciles_total',
    help: 'Comparisons of what Jelou has with what is configured, by how they ended',
    label: 'outcome',
    read: () => status().reconciles,
  })
  kinds.gauge({
    name: 'reconciled_timestamp_seconds',
    help: 'When Jelou was last known to have what is configured',
    read: () => seconds(status().lastReconciledAt),
  })
  kinds.gauge({
    name: 'secret_age_seconds',
    help: 'Age of the signing secret in use',
    read() {
      const { secretSince } = status()
      return seconds(secretSince && now() - secretSince)
    },
  })
  kinds.gauge({
    name: 'previous_secrets',
    help: 'Signing secrets before it that still verify',
    read: () => status().previousSecrets,
  })
  kinds.gauge({
    name: 'replicas',
    help: 'Replicas that share the kept state and are there, this one included',
    read: () => status().state.replicas,
  })
  kinds.gauge({
    name: 'state_up',
    help: 'Whether the kept state could be used the last time: 1 or 0',
    read: () => (status().state.lastError === null ? 1 : 0),
  })
  kinds.counter({
    name: 'state_locks_total',
    help: 'Tries to take the lock of the kept state; busy while another replica has it',
    label: 'outcome',
    read() {
      const { held: _, ...outcomes } = lock()
      return outcomes
    },
  })
  kinds.gauge({
    name: 'state_lock_held',
    help: 'Whether this replica has the lock of the kept state: 1 or 0',
    read: () => Number(lock().held),
  })
}

function seconds(milliseconds: number | null): number | null {
  return milliseconds && milliseconds / 1000
}
