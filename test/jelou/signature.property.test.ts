import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import t from 'tap'
import { sign, signingKey, verifyBody } from '../../src/jelou/signature.ts'
import { holds } from '../fixtures/property.ts'

const secret = fc.string({ unit: 'binary', minLength: 1 }).filter(text => text.isWellFormed())
const bytes = fc.uint8Array({ maxLength: 2_000 }).map(array => Buffer.from(array))
const json = fc.jsonValue()
const spaces = fc.constantFrom('', ' ', '  ', '\t')

/** One change of a body: a bit, a byte more, a byte less. */
const change = fc.oneof(
  fc.tuple(fc.constant('flip'), fc.nat(), fc.nat(7)),
  fc.tuple(fc.constant('insert'), fc.nat(), fc.nat(255)),
  fc.tuple(fc.constant('delete'), fc.nat(), fc.constant(0)),
)

function changed(body: Buffer, [kind, where, what]: [string, number, number]): Buffer {
  const at = where % Math.max(1, body.length)
  if (kind === 'insert') return Buffer.concat([body.subarray(0, at), Buffer.of(what), body.subarray(at)])
  if (kind === 'delete') return Buffer.concat([body.subarray(0, at), body.subarray(at + 1)])
  const copy = Buffer.from(body)
  copy[at] = Number(copy[at]) ^ (1 << what)
  return copy
}

void t.test(
  'what was signed verifies, by any of several keys and in any case, and is given back as it was',
  t =>
    holds(
      t,
      fc.property(
        bytes,
        fc.uniqueArray(secret, { minLength: 1, maxLength: 3 }),
        fc.nat(2),
        (body, secrets, by) => {
          const keys = secrets.map(signingKey)
          const key = keys[by % keys.length] ?? signingKey('')
          const header = sign(body, key)
          return (
            verifyBody(body, header, keys) === body &&
            verifyBody(body, header.toUpperCase(), keys) === body &&
            verifyBody(body, header, []) === undefined
          )
        },
      ),
    ),
)

void t.test('any change of bytes that are no JSON, of the digest or of the secret fails', t =>
  holds(
    t,
    fc.property(bytes, secret, secret, change, fc.nat(63), (body, one, other, how, digit) => {
      // A letter that stands for no JSON value: there is no canonical form to match instead.
      const text = Buffer.concat([Buffer.from('x'), body])
      const header = sign(text, signingKey(one))
      const altered = changed(text, how)
      const at = 'sha256='.length + digit
      const wrong = `${header.slice(0, at)}${header[at] === '0' ? '1' : '0'}${header.slice(at + 1)}`
      return (
        (altered.equals(text) || verifyBody(altered, header, [signingKey(one)]) === undefined) &&
        verifyBody(text, wrong, [signingKey(one)]) === undefined &&
        (one === other || verifyBody(text, header, [signingKey(other)]) === undefined)
      )
    }),
  ),
)

void t.test('what verifies is always exactly what was signed, whatever was received', t =>
  holds(
    t,
    fc.property(json, spaces, change, (value, space, how) => {
      const key = signingKey('secret')
      const signed = Buffer.from(JSON.stringify(value, undefined, space))
      const header = sign(signed, key)
      const received = changed(signed, how)
      const verified = verifyBody(received, header, [key])
      return verified === undefined || verified.equals(signed)
    }),
  ),
)

void t.test('the canonical form of what was received is what counts when that was signed, and goes on', t =>
  holds(
    t,
    fc.property(json, fc.constantFrom(' ', '  ', '\t'), (value, space) => {
      const key = signingKey('secret')
      const canonical = Buffer.from(JSON.stringify(value))
      const received = Buffer.from(JSON.stringify(value, undefined, space))
      return verifyBody(received, sign(canonical, key), [key])?.equals(canonical) === true
    }),
  ),
)

void t.test('no header but a signature is taken for one', t =>
  holds(
    t,
    fc.property(
      bytes,
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string().map(text => `sha256=${text}`),
      ),
      (body, header) => {
        const key = signingKey('secret')
        return verifyBody(body, header, [key]) === undefined || header.toLowerCase() === sign(body, key)
      },
    ),
  ),
)

void t.test('the HMAC is that of RFC 2104, computed by hand', t =>
  holds(
    t,
    fc.property(bytes, secret, (body, text) => {
      const long = Buffer.from(text, 'utf8')
      const key = Buffer.alloc(64)
      ;(long.length > 64 ? hash('sha256', long, 'buffer') : long).copy(key)
      const pad = (byte: number) => key.map(one => one ^ byte)
      const inner = hash('sha256', Buffer.concat([pad(0x36), body]), 'buffer')
      return sign(body, signingKey(text)) === `sha256=${hash('sha256', Buffer.concat([pad(0x5c), inner]))}`
    }),
  ),
)
