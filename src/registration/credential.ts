import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { authTypeSchema, type AuthType } from '../jelou/schemas.ts'

/** What Jelou presents to the webhook: the token, the key or `user:password`; empty for `no_auth`. */
export const credentialSchema = z.looseObject({ authType: authTypeSchema, authorization: z.string() })
export type Credential = Pick<z.infer<typeof credentialSchema>, 'authType' | 'authorization'>

/** 256 random bits that fit into any header. */
export function generateToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Whether a token has to be made up, because none is configured and one is needed. */
export function needsToken({
  authType,
  authorization,
}: {
  authType: AuthType
  authorization?: string
}): boolean {
  return authType !== 'no_auth' && authorization === undefined
}

/** The credential to register: what is configured, else the generated token, which `basic` needs a user name for. */
export function desiredCredential(
  { authType, authorization }: { authType: AuthType; authorization?: string },
  token = '',
): Credential {
  if (authType === 'no_auth') return { authType, authorization: '' }
  return { authType, authorization: authorization ?? (authType === 'basic' ? `jelou:${token}` : token) }
}

export function sameCredential(a: Credential, b: Credential): boolean {
  return a.authType === b.authType && a.authorization === b.authorization
}
