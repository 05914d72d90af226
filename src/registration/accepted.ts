import type { KeyObject } from 'node:crypto'
import { signingKey } from '../jelou/signature.ts'
import { sameCredential, type Credential } from './credential.ts'
import type { Kept } from './kept.ts'

/** What an event may be signed with and present now: any one key, and any one credential. */
export type Accepted = { keys: readonly KeyObject[]; credentials: readonly Credential[] }

/** What is accepted, null when no secret is held, and until when (ms since the epoch) this answer holds. */
export type AcceptedUntil = { accepted: Accepted | null; until: number }

/** Fixed secrets never expire. */
export function acceptedOfSecrets(secrets: readonly string[], credential: Credential): AcceptedUntil {
  return { accepted: { keys: secrets.map(signingKey), credentials: [credential] }, until: Infinity }
}

/**
 * The current secret, if there is one, and those whose time is not over; the configured credential, the one that Jelou was last known to
 * present, and those whose time is not over.
 */
export function acceptedOfKept(kept: Kept, credential: Credential, now: number): AcceptedUntil {
  const current = kept.integration === undefined ? [] : [kept.integration]
  const secrets = kept.previousSecrets.filter(({ until }) => until > now)
  const credentials = kept.previousCredentials.filter(({ until }) => until > now)
  if (current.length + secrets.length === 0) return { accepted: null, until: Infinity }
  return {
    accepted: {
      keys: [...current, ...secrets].map(({ secret }) => signingKey(secret)),
      credentials: distinct([credential, ...current, ...credentials]),
    },
    until: Math.min(...[...secrets, ...credentials].map(({ until }) => until)),
  }
}

function distinct(credentials: readonly Credential[]): Credential[] {
  return credentials
    .filter((one, index) => credentials.findIndex(other => sameCredential(one, other)) === index)
    .map(({ authType, authorization }) => ({ authType, authorization }))
}
