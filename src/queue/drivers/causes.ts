/** What errors of clients may hold. */
export type Cause = Partial<Record<'name' | 'code' | 'Code' | 'apiId' | 'canRetry' | 'cause', unknown>> & {
  message?: string
  errors?: unknown[]
}

// Node's and OpenSSL's codes for a certificate or a protocol that is refused, on either side.
const UNTRUSTED = /^ERR_(TLS|O?SSL)_|^EPROTO$|CERT|SELF_SIGNED|_SIGNATURE$/

/** An error and all that caused it, those of an AggregateError too. */
export function causes(error: unknown): Cause[] {
  if (typeof error !== 'object' || error === null) return []
  const found: Cause = error
  return [found, ...[...(found.errors ?? []), found.cause].flatMap(causes)]
}

/** The code of an error that says that there is no trust in a TLS connection. */
export function untrusted(error: unknown): string | undefined {
  return causes(error)
    .map(({ code }) => String(code))
    .find(code => UNTRUSTED.test(code))
}
