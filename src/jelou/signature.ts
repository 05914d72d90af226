import { isUtf8 } from 'node:buffer'
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'

declare const verified: unique symbol

/** Bytes whose signature was checked. Only {@link verifyBody} makes them, and only they can be parsed as an event. */
export type VerifiedBody = Buffer & { readonly [verified]: true }

const HEADER = /^sha256=([0-9a-f]{64})$/i

/** The signing secret as the HMAC key: its UTF-8 text as given, not hex-decoded (protocol page, 2). */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(secret, 'utf8')
}

/** The `X-Jelou-Signature` of a body: `sha256=` and the lowercase hex HMAC-SHA256. */
export function sign(body: Buffer | string, key: KeyObject): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
}

/**
 * Checks the signature over the received bytes and, failing that, over `JSON.stringify(JSON.parse(bytes))`, because
 * Jelou's pages describe both (protocol page, 2). Any one of the keys may match. Returns the bytes that were in fact
 * signed, or undefined when no key signed either form.
 */
export function verifyBody(
  received: Buffer,
  header: string | undefined,
  keys: readonly KeyObject[],
): VerifiedBody | undefined {
  const hex = header === undefined ? undefined : HEADER.exec(header)?.[1]
  if (hex === undefined) return undefined
  const signature = Buffer.from(hex, 'hex')
  if (isSigned(received, signature, keys)) return received
  const canonical = canonicalForm(received)
  if (canonical !== undefined && isSigned(canonical, signature, keys)) return canonical
  return undefined
}

function isSigned(body: Buffer, signature: Buffer, keys: readonly KeyObject[]): body is VerifiedBody {
  return keys.some(key => timingSafeEqual(createHmac('sha256', key).update(body).digest(), signature))
}

/** Undefined when the bytes are not JSON in UTF-8, too deeply nested to write again, or canonical already. */
function canonicalForm(received: Buffer): Buffer | undefined {
  // Decoding would put replacement characters for them, and let an altered body pass for the signed one.
  if (!isUtf8(received)) return undefined
  try {
    const text = received.toString()
    const canonical = JSON.stringify(JSON.parse(text))
    return canonical === text ? undefined : Buffer.from(canonical)
  } catch {
    return undefined
  }
}
