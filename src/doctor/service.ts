import { z } from 'zod'
import type { AdminTarget } from '../admin/client.ts'
import { fetchStatus } from '../admin/fetch-status.ts'
import { AdminUnreachableError } from '../errors.ts'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

const schema = z.object({
  status: z.string(),
  checks: z.record(z.string(), z.string()),
  registration: z.object({ phase: z.string(), lastError: z.string().nullable() }),
  queue: z.object({
    driver: z.string(),
    breaker: z.string().exactOptional(),
    reason: z.string().nullish(),
    waiting: z.number().exactOptional(),
    dead: z.number().exactOptional(),
  }),
})

/** What the running service says; `away` when none answers, `refused` when it does not tell us. */
export type Running =
  | { kind: 'running'; status: z.infer<typeof schema> }
  | { kind: 'away'; reason: string }
  | { kind: 'refused'; reason: string }

/** Asks the running service at its private listener. */
export async function askService(target: AdminTarget): Promise<Running> {
  try {
    const { status } = await fetchStatus(target)
    const parsed = schema.safeParse(status)
    if (parsed.success) return { kind: 'running', status: parsed.data }
    return { kind: 'refused', reason: `another version of this service answers at ${target.url}` }
  } catch (error) {
    const kind = error instanceof AdminUnreachableError ? 'away' : 'refused'
    return { kind, reason: reasonOf(error) }
  }
}

/** Whether the service runs and takes events. */
export function judgeService(running: Running): Finding {
  if (running.kind === 'away') return skipped(`${running.reason}. If it runs elsewhere, give --url`)
  if (running.kind === 'refused') return wrong(running.reason, 'check ADMIN_HOST, ADMIN_PORT and ADMIN_TOKEN')
  const bad = Object.entries(running.status.checks).filter(([, state]) => state !== 'ok')
  if (bad.length === 0) return ok('runs, and is ready')
  const detail = bad.map(([name, state]) => `${name}: ${state}`).join('; ')
  return wrong(`runs, but is not ready: ${detail}`, 'see the other checks, and its log')
}

const PHASES: Record<string, string> = {
  starting: 'see the checks of Jelou and of the state',
  degraded: 'what is kept still verifies; see the checks of Jelou and of the state',
  conflict: 'give all services that share the state one PUBLIC_URL and WEBHOOK_PATH',
  secret_lost: 'give the secret as JELOU_SIGNING_SECRET, or set JELOU_SECRET_LOST=recreate',
  unregistered: 'somebody asked for that: `register` begins anew',
}

/** How the running service stands with Jelou. */
export function judgeRegistration(running: Running): Finding {
  if (running.kind !== 'running') return skipped('only the running service knows')
  const { phase, lastError } = running.status.registration
  const advice = PHASES[phase]
  const detail = lastError === null ? phase : `${phase}: ${lastError}`
  if (advice === undefined) return ok(detail)
  return (phase === 'degraded' ? warning : wrong)(detail, advice)
}

/** Whether events get on from the running service. */
export function judgeDelivery(running: Running): Finding {
  if (running.kind !== 'running') return skipped('only the running service knows')
  const { driver, breaker = 'closed', reason, waiting = 0, dead = 0 } = running.status.queue
  if (breaker !== 'closed')
    return wrong(
      `${driver} is away (${reason ?? 'no reason is known'}): ${waiting} events wait in the spool`,
      'they go on by themselves once it is back; see the check of the queue',
    )
  if (dead > 0)
    return warning(`${dead} dead letters in ${driver}`, 'look at them (GET /queue/dead), then `replay`')
  return ok(`${driver}: ${waiting} waiting, none dead`)
}
