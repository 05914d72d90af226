import { hash, timingSafeEqual } from 'node:crypto'

/** A secret text reduced to its SHA-256, so that comparing takes the same time whatever the texts and their lengths. */
export type SecretDigest = Buffer

export function secretDigest(text: string): SecretDigest {
  return hash('sha256', text, 'buffer')
}

/** Whether any of the secrets is this text; every one of them is compared, in constant time. */
export function matchesAny(text: string, secrets: readonly SecretDigest[]): boolean {
  const digest = secretDigest(text)
  return secrets.filter(secret => timingSafeEqual(secret, digest)).length > 0
}
