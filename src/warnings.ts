import type { CheckResult } from './doctor/run-checks.ts'
import type { RegistrationStatus } from './registration/status.ts'

/** `shown` is fit for everybody: it holds no address and nobody's words; `detail` is for operators. */
export type Warning = { shown: string; detail: string }

/** What is to be seen to although events are taken, in words for everybody. */
const SHOWN = {
  broker: 'it is away: events are kept on this machine',
  registration: 'it is not as it should be',
  disk: 'it has little room, or is none for a queue',
  clock: 'it differs from that of Jelou',
  'public-url': 'this service is not reached at PUBLIC_URL from here',
  certificate: 'it is not trusted here, or ends soon',
} as const

export type WarningName = keyof typeof SHOWN
export const WARNINGS = Object.keys(SHOWN) as WarningName[]

const IN_ORDER: ReadonlySet<RegistrationStatus['phase']> = new Set(['registered', 'static', 'starting'])

/**
 * What is to be seen to although events are taken, by what it is about: the broker before which events wait, the registration, and
 * what the service was found to stand on. None of it makes the service not ready.
 */
export function warningsOf(
  spool: { breaker: string; reason: string | null } | undefined,
  { phase, lastError }: Pick<RegistrationStatus, 'phase' | 'lastError'>,
  found: readonly CheckResult[],
): Partial<Record<WarningName, Warning>> {
  const warnings: Partial<Record<WarningName, Warning>> = {}
  if (spool !== undefined && spool.breaker !== 'closed')
    warnings.broker = { shown: SHOWN.broker, detail: spool.reason ?? SHOWN.broker }
  if (!IN_ORDER.has(phase))
    warnings.registration = { shown: `${SHOWN.registration}: ${phase}`, detail: lastError ?? phase }
  for (const { name, detail } of found) if (isWarning(name)) warnings[name] = { shown: SHOWN[name], detail }
  return warnings
}

function isWarning(name: string): name is WarningName {
  return Object.hasOwn(SHOWN, name)
}
