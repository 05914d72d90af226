import t from 'tap'
import type { AuthType } from '../../src/jelou/schemas.ts'
import { desiredCredential, generateToken, needsToken } from '../../src/registration/credential.ts'

void t.test('what is configured, else the token', async t => {
  type Case = { authType: AuthType; authorization?: string; token?: string; wanted: string }
  const cases: Case[] = [
    { authType: 'bearer', token: 'made', wanted: 'made' },
    { authType: 'api_key', token: 'made', wanted: 'made' },
    { authType: 'basic', token: 'made', wanted: 'jelou:made' },
    { authType: 'basic', authorization: 'user:password', token: 'made', wanted: 'user:password' },
    { authType: 'bearer', authorization: 'configured', token: 'made', wanted: 'configured' },
    { authType: 'no_auth', token: 'made', wanted: '' },
    { authType: 'no_auth', authorization: 'configured', wanted: '' },
  ]
  for (const { token, wanted, ...configured } of cases) {
    const { authType } = configured
    t.same(
      desiredCredential(configured, token),
      { authType, authorization: wanted },
      JSON.stringify(configured),
    )
    t.equal(needsToken(configured), !('authorization' in configured) && authType !== 'no_auth')
  }
})

void t.test('a token is 256 random bits', async t => {
  t.equal(Buffer.from(generateToken(), 'base64url').length, 32)
  t.not(generateToken(), generateToken())
})
