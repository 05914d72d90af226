import type { IncomingHttpHeaders } from 'node:http'
import type { AuthType } from '../jelou/schemas.ts'
import { matchesAny, secretDigest, type SecretDigest } from '../secret-digest.ts'

/** What Jelou presents beside the signature: `authorization` as registered, the text or `user:password`. */
export type Credential = { authType: AuthType; authorization: string }

/** Checks the credential of a request by its headers alone. */
export type CredentialCheck = (headers: IncomingHttpHeaders) => boolean

/**
 * A check that any one of the credentials passes (several while one replaces another).
 * The forms of each type are those of the protocol page, 2; scheme names are case-insensitive (RFC 9110, 11.1).
 */
export function credentialCheck(credentials: readonly Credential[]): CredentialCheck {
  if (credentials.some(({ authType }) => authType === 'no_auth')) return () => true
  const secrets: Record<AuthType, SecretDigest[]> = { bearer: [], basic: [], api_key: [], no_auth: [] }
  for (const { authType, authorization } of credentials) {
    secrets[authType].push(secretDigest(authorization))
    // Whether Jelou encodes what was registered for `basic` is documented nowhere: both forms are right.
    if (authType === 'basic') secrets.basic.push(secretDigest(Buffer.from(authorization).toString('base64')))
  }
  return headers => {
    const [, scheme, value = ''] = AUTHORIZATION.exec(headers.authorization ?? '') ?? []
    const key = headers['x-api-key']
    return (
      (scheme !== undefined &&
        matchesAny(value, scheme.toLowerCase() === 'basic' ? secrets.basic : secrets.bearer)) ||
      (typeof key === 'string' && matchesAny(key, secrets.api_key))
    )
  }
}

const AUTHORIZATION = /^(bearer|basic) +(\S+)$/i

/** The `WWW-Authenticate` challenge for a refused request (RFC 9110, 11.6.1). */
export function challenge(authType: AuthType): string {
  const scheme = { bearer: 'Bearer', basic: 'Basic', api_key: 'ApiKey', no_auth: 'Signature' }
  return `${scheme[authType]} realm="jelou-receiver"`
}

const GUARDED = new Set(['authorization', 'x-api-key', 'x-jelou-signature', 'content-type'])

/**
 * The first header that decides over a request and stands in it twice, by its lowercase name. Node keeps one of
 * two `Authorization` headers and joins others: what a proxy in front read may then differ from what is checked here.
 */
export function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase()
    if (!GUARDED.has(name)) continue
    if (seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}
