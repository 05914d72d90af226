import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { z } from 'zod'
import { StateFencedError } from '../../src/errors.ts'
import { addressOf, attempting, messageOf, safeName, settingsOf } from '../../src/state/shared.ts'

void t.test('an address in its parts, and without its secrets', async t => {
  t.same(addressOf(new URL('redis://us%40er:p%2Fw@[::1]:1234/7?a=b'), 6379), {
    host: '::1',
    port: 1234,
    username: 'us@er',
    password: 'p/w',
    path: '7',
    location: 'redis://[::1]:1234/7',
  })
  t.same(addressOf(new URL('nats://example.com'), 4222), {
    host: 'example.com',
    port: 4222,
    username: undefined,
    password: undefined,
    path: '',
    location: 'nats://example.com',
  })
  for (const url of ['redis:///0', 'redis://user:top%secret@host']) {
    t.throws(() => addressOf(new URL(url), 1), {
      code: 'ERR_CONFIG',
      message: 'STATE_URL (redis://…) needs a host, and special characters in user, password and path as %XX',
    })
  }
})

void t.test('settings that are unknown or wrong are named', async t => {
  const shape = { mode: z.enum(['a', 'b']).exactOptional() }
  t.same(settingsOf(new URL('redis://h?mode=a'), shape), { mode: 'a' })
  t.same(settingsOf(new URL('redis://h'), shape), {})
  t.throws(() => settingsOf(new URL('redis://:top-secret@h?mode=c'), shape), {
    code: 'ERR_CONFIG',
    message: /^STATE_URL \(redis:\/\/…\): mode: (?!.*top-secret)/,
  })
  t.throws(() => settingsOf(new URL('redis://h?other=c'), shape), { message: /"other"/ })
})

void t.test('no two ids have one name, and a name means nothing to a server', async t => {
  const ids = ['abc-DEF_123', 'a.b', 'a=2eb', 'a b', '*', '>', '{a}', 'é', 'e\u0301', '漢', '😀', '%', '\n']
  const names = ids.map(safeName)
  t.equal(names[0], 'abc-DEF_123')
  t.equal(names[1], 'a=2eb')
  t.equal(new Set(names).size, ids.length)
  for (const name of names) t.match(name, /^[\w=-]+$/)
})

function error(message: string, code?: unknown): Error {
  return Object.assign(new Error(message), { code })
}

void t.test('an attempt settles in time, with an error of ours', async t => {
  const attempt = attempting({
    location: 'the-place',
    timeout: 50,
    isRefusal: error => messageOf(error) === 'refused',
  })
  t.equal(await attempt(async () => 1), 1)
  const cases = [
    { name: 'a refusal', cause: error('refused'), code: 'ERR_STATE_REFUSED', message: /the-place .*refused/ },
    {
      name: 'a certificate',
      cause: error('no', 'CERT_HAS_EXPIRED'),
      code: 'ERR_STATE_REFUSED',
      message: /: no$/,
    },
    { name: 'the rest', cause: error('gone', 7), code: 'ERR_STATE_UNAVAILABLE', message: /the-place .*gone/ },
    {
      name: 'a code alone',
      cause: error('', 'ECONNREFUSED'),
      code: 'ERR_STATE_UNAVAILABLE',
      message: /ECONNREFUSED/,
    },
    { name: 'no error', cause: 'text', code: 'ERR_STATE_UNAVAILABLE', message: /: text$/ },
  ]
  for (const { name, cause, ...expected } of cases)
    await t.rejects(
      attempt(() => Promise.reject(cause)),
      { ...expected, cause },
      name,
    )
  const ours = new StateFencedError('here')
  await t.rejects(
    attempt(() => Promise.reject(ours)),
    ours,
  )
  let late: AbortSignal | undefined
  const slow = attempt(async signal => {
    late = signal
    await sleep(60_000, null, { signal })
  })
  await t.rejects(slow, { code: 'ERR_STATE_UNAVAILABLE', message: /no answer within 50 ms/ })
  t.ok(late?.aborted)
})
