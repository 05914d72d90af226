import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { sign, signingKey, verifyBody } from '../../src/jelou/signature.ts'
import { opensslHmac, withoutOpenssl } from '../fixtures/openssl.ts'

const SECRET = 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90'
const keys = [signingKey(SECRET)]

/** The header, computed without the code under test. */
function headerOf(body: string | Buffer, secret = SECRET): string {
  return `sha256=${createHmac('sha256', Buffer.from(secret, 'utf8')).update(body).digest('hex')}`
}

const text = '{"event_type":"message","timestamp":1776134278574,"value":{"content":{"body":"Hola ñ 😀"}}}'
const spaced = JSON.stringify(JSON.parse(text), null, 2)
const bigNumber = '{"n":12345678901234567890}'
const notUtf8 = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])
const nested = `${'['.repeat(100_000)} ${']'.repeat(100_000)}`
const digest = headerOf(text).slice('sha256='.length)

type Case = [name: string, received: string | Buffer, header: string | undefined, verified?: string | Buffer]
const cases: Case[] = [
  ['the received bytes', text, headerOf(text), text],
  ['spaced JSON signed as it is', spaced, headerOf(spaced), spaced],
  ['spaced JSON signed in its compact form: that goes on', spaced, headerOf(text), text],
  ['compact JSON signed in another spacing', text, headerOf(spaced)],
  ['escapes that the compact form has not', '{"a":"\\u00f1"}', headerOf('{"a":"ñ"}'), '{"a":"ñ"}'],
  ['a byte order mark that the compact form has not', '\ufeff{"a":1}', headerOf('{"a":1}')],
  ['a big number, which must stay as it is', bigNumber, headerOf(bigNumber), bigNumber],
  ['a digest in capitals', text, `sha256=${digest.toUpperCase()}`, text],
  ['a scheme in capitals', text, `SHA256=${digest}`, text],
  ['bytes that are not JSON', 'hello', headerOf('hello'), 'hello'],
  ['bytes that are not UTF-8', notUtf8, headerOf(notUtf8), notUtf8],
  ['bytes that are not UTF-8, signed as what they look like', notUtf8, headerOf('{"a":"\ufffd"}')],
  ['no bytes', '', headerOf(''), ''],
  ['no bytes, signed as something else', '', headerOf('{}')],
  ['deep nesting', nested, headerOf(nested), nested],
  ['deep nesting with a wrong signature', nested, headerOf('[]')],
  ['one bit less', text.replace('Hola', 'Hole'), headerOf(text)],
  ['the signature of another secret', text, headerOf(text, `${SECRET.slice(0, -1)}1`)],
  [
    'the secret taken as hex',
    text,
    `sha256=${createHmac('sha256', Buffer.from(SECRET, 'hex')).update(text).digest('hex')}`,
  ],
  ['no header', text, undefined],
  ['an empty header', text, ''],
  ['no scheme', text, digest],
  ['no digest', text, 'sha256='],
  ['another scheme', text, `sha1=${digest}`],
  ['a digest that is too short', text, headerOf(text).slice(0, -1)],
  ['a digest that is too long', text, `${headerOf(text)}0`],
  ['a digest that is not hex', text, `sha256=${'g'.repeat(64)}`],
  ['spaces around', text, ` ${headerOf(text)} `],
  ['a line end behind', text, `${headerOf(text)}\n`],
  ['two signatures in one header', text, `${headerOf(text)}, ${headerOf(text)}`],
]

for (const [name, received, header, verified] of cases) {
  void t.test(name, async t => {
    const body = verifyBody(Buffer.from(received), header, keys)
    // Bytes, because a failing comparison of the deep one would print it all.
    t.equal(body?.toString('hex'), verified === undefined ? undefined : Buffer.from(verified).toString('hex'))
  })
}

void t.test('any one of several keys verifies, and none does not', async t => {
  const both = [signingKey('one'), signingKey('two')]
  for (const secret of ['one', 'two']) {
    t.ok(verifyBody(Buffer.from(text), headerOf(text, secret), both), `received form, ${secret}`)
    t.equal(verifyBody(Buffer.from(spaced), headerOf(text, secret), both)?.toString(), text, secret)
  }
  t.notOk(verifyBody(Buffer.from(text), headerOf(text, 'three'), both))
  t.notOk(verifyBody(Buffer.from(text), headerOf(text), []))
})

void t.test('what verifies as received is the received buffer itself', async t => {
  const received = Buffer.from(text)
  t.equal(verifyBody(received, headerOf(text), keys), received)
})

void t.test('signs a documented body as openssl does', { skip: withoutOpenssl }, async t => {
  for (const name of ['message-text', 'message-image']) {
    const body = readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url))
    const hex = opensslHmac(body, SECRET)
    t.match(hex, /^[0-9a-f]{64}$/)
    t.equal(sign(body, signingKey(SECRET)), `sha256=${hex}`)
    t.equal(verifyBody(body, `sha256=${hex}`, keys), body)
  }
})
