import t from 'tap'
import { challenge, credentialCheck, repeatedHeader, type Credential } from '../../src/webhook/credentials.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const bearer: Credential = { authType: 'bearer', authorization: 'token' }
const apiKey: Credential = { authType: 'api_key', authorization: 'key' }
const basic: Credential = { authType: 'basic', authorization: 'user:pass:word' }
const none: Credential = { authType: 'no_auth', authorization: '' }

const cases: [string, Credential[], Record<string, string>, boolean][] = [
  ['bearer', [bearer], { authorization: 'Bearer token' }, true],
  ['bearer in any case', [bearer], { authorization: 'bEARER token' }, true],
  ['bearer, more spaces', [bearer], { authorization: 'Bearer   token' }, true],
  ['bearer, wrong', [bearer], { authorization: 'Bearer tokem' }, false],
  ['bearer, longer', [bearer], { authorization: 'Bearer token1' }, false],
  ['bearer, another case', [bearer], { authorization: 'Bearer TOKEN' }, false],
  ['bearer, empty', [bearer], { authorization: 'Bearer ' }, false],
  ['bearer, no scheme', [bearer], { authorization: 'token' }, false],
  ['bearer, missing', [bearer], {}, false],
  ['bearer in the wrong header', [bearer], { 'x-api-key': 'token' }, false],
  ['bearer as basic', [bearer], { authorization: 'Basic token' }, false],
  ['api_key', [apiKey], { 'x-api-key': 'key' }, true],
  ['api_key, wrong', [apiKey], { 'x-api-key': 'kez' }, false],
  ['api_key as bearer', [apiKey], { authorization: 'Bearer key' }, false],
  ['basic, encoded', [basic], { authorization: `Basic ${base64('user:pass:word')}` }, true],
  ['basic in any case', [basic], { authorization: `bASIC ${base64('user:pass:word')}` }, true],
  ['basic as registered', [basic], { authorization: 'Basic user:pass:word' }, true],
  ['basic, wrong', [basic], { authorization: `Basic ${base64('user:pass')}` }, false],
  ['basic as bearer', [basic], { authorization: `Bearer ${base64('user:pass:word')}` }, false],
  ['none', [none], {}, true],
  ['one of two, first', [bearer, apiKey], { authorization: 'Bearer token' }, true],
  ['one of two, second', [bearer, apiKey], { 'x-api-key': 'key' }, true],
  ['none of two', [bearer, apiKey], { authorization: 'Bearer key' }, false],
  ['nothing passes where nothing is accepted', [], { authorization: 'Bearer token' }, false],
]

t.test('credentials', async t => {
  for (const [name, credentials, headers, expected] of cases) {
    t.equal(credentialCheck(credentials)(headers), expected, name)
  }
})

t.test('the challenge names what is wanted', async t => {
  t.equal(challenge('bearer'), 'Bearer realm="jelou-receiver"')
  t.equal(challenge('api_key'), 'ApiKey realm="jelou-receiver"')
  t.equal(challenge('basic'), 'Basic realm="jelou-receiver"')
  t.equal(challenge('no_auth'), 'Signature realm="jelou-receiver"')
})

t.test('repeatedHeader', async t => {
  t.equal(repeatedHeader(['Host', 'a', 'Authorization', 'b', 'AUTHORIZATION', 'c']), 'authorization')
  t.equal(repeatedHeader(['Accept', 'a', 'accept', 'b', 'X-API-Key', 'c']), undefined)
  t.equal(repeatedHeader([]), undefined)
})
