import { RegistrationRejectedError, SecretLostError } from '../errors.ts'

/**
 * What a pass did. `unchanged`: Jelou has what is configured. `created`: no secret was kept, now one is. `updated`: `fields` were
 * other than configured. `replaced`: the integration was gone and was made anew. `recreated`: its secret was lost, so it was
 * deleted and made anew. `rotated`: it was deleted and made anew because somebody asked for a new secret.
 * `unregistered`: it is not there, because somebody asked for that.
 */
export type Success =
  | { kind: 'unchanged' | 'created' | 'replaced' | 'recreated' | 'rotated' | 'unregistered' }
  | { kind: 'updated'; fields: string[] }

/**
 * Why a pass did nothing, or not all; `reason` is one printable line without secrets, `retryAfter` in ms.
 * `unavailable`: no usable answer. `refused`: Jelou said no, but a kept secret still verifies. `failed`: the kept state could not
 * be read or written, or the pass was stopped. `conflict`: the webhook of a service with another URL, which shares the state and
 * is running, is registered. `secret_lost`: Jelou has an integration whose secret is not ours; `foreign` when
 * somebody else made it after ours, so that the kept secret was good until then. `rejected`: trying again would not help.
 */
export type Problem =
  | { kind: 'unavailable'; reason: string; retryAfter?: number; cause?: unknown }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string; cause: unknown }
  | { kind: 'conflict'; reason: string }
  | { kind: 'secret_lost'; reason: string; foreign: boolean; error: Error }
  | { kind: 'rejected'; reason: string; error: Error }

/** How one pass ended. */
export type Outcome = Success | Problem

/** How long Jelou asked to wait, in ms. */
export function retryAfterOf(outcome: Outcome): number | undefined {
  return 'retryAfter' in outcome ? outcome.retryAfter : undefined
}

/** Where the secret of Jelou's integration went: nobody knows, an own create whose answer was not kept, somebody else's create. */
export type LostCause = 'unknown' | 'interrupted' | 'foreign'

const HOW_LOST: Record<LostCause, string> = {
  unknown: '',
  interrupted: ' (a create of this service was interrupted before its answer was kept)',
  foreign: ' (somebody else created it since)',
}

export function secretLost(projectId: string, cause: LostCause): Problem {
  const error = new SecretLostError(projectId, HOW_LOST[cause])
  return { kind: 'secret_lost', reason: error.message, foreign: cause === 'foreign', error }
}

/** Two services want the webhook for themselves: whoever has it keeps it. */
export function conflict(registered: string, own: string): Problem {
  const reason = `${registered} is registered, and a replica that serves it is running; this one has ${own}. Give all that share the state one PUBLIC_URL and WEBHOOK_PATH; this one takes over once no other is left`
  return { kind: 'conflict', reason }
}

/** Jelou's no and what to look at. `status` is that of the answer, 200 when it lacked the secret. */
export function rejected({ status, reason }: { status: number; reason: string }): Problem {
  const error = new RegistrationRejectedError(reason, adviceFor(status))
  return { kind: 'rejected', reason: error.message, error }
}

/** What to look at after Jelou's no. */
export function adviceFor(status: number): string {
  if (status === 401 || status === 403) {
    return 'Check JELOU_API_KEY, or JELOU_CLIENT_ID and JELOU_CLIENT_SECRET, and that they may act for JELOU_PROJECT_ID'
  }
  if (status === 404) return 'Check JELOU_PROJECT_ID and JELOU_API_URL'
  if (status === 200) return 'Ask Jelou for the secret and give it as JELOU_SIGNING_SECRET'
  return 'Check that PUBLIC_URL is an HTTPS URL that Jelou can reach, WEBHOOK_AUTH_TYPE, WEBHOOK_AUTHORIZATION and JELOU_PROJECT_ID'
}
