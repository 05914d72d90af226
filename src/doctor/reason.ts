/**
 * Why something failed, without a secret: the message of this service's own errors, which hold none, and of all others the
 * code alone, because theirs may quote what they were given.
 */
export function reasonOf(error: unknown): string {
  const { code, name, message, statusCode }: Record<string, unknown> = Object(error)
  if (typeof statusCode === 'number') return String(message)
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : 'unknown error'
}

const ADVICE: [codes: RegExp, advice: string][] = [
  [/\b(?:ENOTFOUND|EAI_AGAIN)\b/, 'the name does not resolve: check it, and DNS on this machine'],
  [/\bECONNREFUSED\b/, 'nothing listens there: check host and port'],
  [
    /\b(?:E(?:HOST|NET)UNREACH|ETIMEDOUT|\w*TIMEOUT)\b|TimeoutError|no answer within/i,
    'no way there: check routes, firewalls and proxies',
  ],
  [/\bCERT_(?:HAS_EXPIRED|NOT_YET_VALID)\b/, 'renew the certificate, or set the clock of this machine right'],
  [
    /\bERR_TLS_CERT_ALTNAME_INVALID\b/,
    'the certificate is for another name: check the URL and the certificate',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/,
    'the certificate is not signed by an authority that is trusted here: serve the whole chain, or name the authority in NODE_EXTRA_CA_CERTS',
  ],
  [
    /\b(?:EPROTO|ERR_SSL_\w+|ECONNRESET|UND_ERR_SOCKET)\b/,
    'the connection broke: check that the scheme (http, https) is the right one',
  ],
]

/** What to do about a connection that failed with this reason; `otherwise` when that is not known. */
export function adviceFor(reason: string, otherwise: string): string {
  return ADVICE.find(([codes]) => codes.test(reason))?.[1] ?? otherwise
}
