import t from 'tap'
import { listen, startPage } from './harness.ts'

const TOKEN = 'a-token-of:sixteen'

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

t.test('with a token, whoever gives it as the password or as a bearer token comes in', async t => {
  const { call, url, bury, csrfToken, redrive } = await startPage(t, { token: TOKEN })
  await bury(1)
  for (const authorization of [
    basic(`:${TOKEN}`),
    basic(`me:${TOKEN}`).replace('Basic', 'basic '),
    `Bearer ${TOKEN}`,
  ])
    t.equal(
      (await call('GET', '/', { headers: { authorization, host: 'page.example' } })).status,
      200,
      authorization,
    )
  const headers = { authorization: basic(`:${TOKEN}`) }
  t.equal((await listen(t, url, headers)).status, 200)
  const csrf = await csrfToken(headers)
  const proxied = { ...headers, host: 'page.example', origin: 'https://page.example' }
  t.equal((await redrive({ csrf, seq: '' }, proxied)).status, 303, 'behind a proxy that ends TLS')
  const rewritten = { ...headers, origin: 'https://page.example' }
  t.match(await redrive({ csrf, seq: '' }, rewritten), { status: 403, text: 'passes the Host header on' })
})

t.test('with a token, nobody else does, and the browser asks', async t => {
  const { call, redrive } = await startPage(t, { token: TOKEN })
  for (const authorization of [
    '',
    'Basic',
    'Basic !',
    basic(TOKEN),
    basic(`${TOKEN}:`),
    basic(`:${TOKEN}x`),
    basic(`:${TOKEN.slice(1)}`),
    basic('no colon'),
    `Bearer ${TOKEN}x`,
    TOKEN,
  ])
    t.match(
      await call('GET', '/', { headers: { authorization } }),
      {
        status: 401,
        headers: { 'www-authenticate': /^Basic realm=/, 'content-security-policy': /./ },
        text: 'Missing or wrong ADMIN_TOKEN',
      },
      `"${authorization}"`,
    )
  t.equal((await call('GET', '/events')).status, 401)
  t.equal((await redrive({})).status, 401)
  const { text } = await call('GET', '/')
  for (const [, path = ''] of text.matchAll(/href="(\/assets\/[^"]+)"/g))
    t.equal((await call('GET', path)).status, 401, path)
})

t.test('without a token, only a loopback name does', async t => {
  const { call } = await startPage(t)
  const hosts: [string, number][] = [
    ['127.0.0.1', 200],
    ['localhost:3001', 200],
    ['[::1]:3001', 200],
    ['attacker.example', 403],
    ['127.0.0.1.attacker.example', 403],
  ]
  for (const [host, status] of hosts) {
    t.equal((await call('GET', '/', { headers: { host } })).status, status, host)
    t.equal((await call('POST', '/redrive', { headers: { host } })).status, status === 200 ? 400 : 403, host)
  }
})
