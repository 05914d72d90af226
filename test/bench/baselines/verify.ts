import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What a careful hand writes: the token and the signature over the received bytes, both in constant time. */
export function createVerifier(secret: string, token: string) {
  const authorization = Buffer.from(`Bearer ${token}`)
  return {
    isAuthorized(headers: IncomingHttpHeaders): boolean {
      return equal(Buffer.from(headers.authorization ?? ''), authorization)
    },
    isSigned(headers: IncomingHttpHeaders, body: Buffer): boolean {
      const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
      return equal(Buffer.from(String(headers['x-jelou-signature'])), Buffer.from(expected))
    },
  }
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
