import { hash, timingSafeEqual } from 'node:crypto'

/** A secret text reduced to its SHA-256, so that comparing takes the same time whatever the texts and their lengths. */
export type SecretDigest = Buffer

export function secretDigest(text: string): SecretDigest {
  return hash('sha256', text, 'buffer')
}

// Each request presents something: a buffer of its own would cost it twice as much.
const presented = Buffer.alloc(32)

/** Whether any of the secrets is this text; every one of them is compared, in constant time. */
export function matchesAny(text: string, secrets: readonly SecretDigest[]): boolean {
  presented.write(hash('sha256', text, 'binary'), 'binary')
  return secrets.filter(secret => timingSafeEqual(secret, presented)).length > 0
}
