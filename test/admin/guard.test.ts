import t from 'tap'
import { startAdmin } from './harness.ts'

const TOKEN = 'a-token-of-sixteen'

t.test('with a token, whoever presents it comes in, by whatever name', async t => {
  const { call } = await startAdmin(t, { token: TOKEN })
  const accepted = [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN}`]
  for (const authorization of accepted)
    t.equal((await call('GET', '/status', undefined, { authorization })).status, 200, authorization)
  const headers = { authorization: accepted[0] ?? '', host: 'queue.example', origin: 'https://panel.example' }
  t.equal((await call('POST', '/queue/receive', undefined, headers)).status, 200, 'from anywhere')
})

t.test('with a token, nobody else does', async t => {
  const { call, publish } = await startAdmin(t, { token: TOKEN })
  await publish('k', 1)
  const refused = [
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN} x`,
    `Basic ${TOKEN}`,
    TOKEN,
  ]
  for (const authorization of refused) {
    const answer = await call('POST', '/queue/receive', undefined, { authorization })
    t.match(
      answer,
      { status: 401, headers: { 'www-authenticate': /^Bearer realm=/ }, json: { code: 'ERR_UNAUTHORIZED' } },
      `"${authorization}"`,
    )
  }
  for (const [method, path] of [
    ['GET', '/status'],
    ['GET', '/rejected'],
    ['GET', '/metrics'],
    ['GET', '/queue/stats'],
    ['GET', '/queue/dead'],
    ['POST', '/queue/receive'],
    ['POST', '/queue/ack'],
    ['POST', '/queue/nack'],
    ['POST', '/queue/dead/redrive'],
    ['GET', '/no/such/route'],
  ] as const) {
    const answer = await call(method, path)
    t.equal(answer.status, 401, `${method} ${path}`)
    t.notMatch(answer.text, TOKEN)
  }
})

t.test('without a token, only a loopback name does', async t => {
  const { call, url } = await startAdmin(t)
  const { port } = new URL(url)
  const hosts: [string, number][] = [
    [`127.0.0.1:${port}`, 200],
    ['127.0.0.1', 200],
    ['127.8.9.10:1', 200],
    ['localhost:3001', 200],
    ['[::1]', 200],
    [`[::1]:${port}`, 200],
    ['attacker.example', 403],
    [`attacker.example:${port}`, 403],
    ['127.0.0.1.attacker.example', 403],
    ['localhost.attacker.example', 403],
    ['192.168.1.4', 403],
    ['[fe80::1]:3001', 403],
    ['0.0.0.0', 403],
  ]
  for (const [host, status] of hosts)
    t.equal((await call('GET', '/status', undefined, { host })).status, status, host)
  t.match((await call('GET', '/status', undefined, { host: 'attacker.example' })).json, {
    code: 'ERR_HOST_NOT_ALLOWED',
  })
})

t.test('without a token, a web page of another origin changes nothing', async t => {
  const { call, url, publish, receive } = await startAdmin(t)
  await publish('k', 1)
  for (const origin of [
    'https://attacker.example',
    'null',
    'http://localhost:5173',
    `${url}.attacker.example`,
  ]) {
    const answer = await call('POST', '/queue/receive', undefined, { origin })
    t.match(answer, { status: 403, json: { code: 'ERR_CROSS_ORIGIN' } }, origin)
  }
  t.match(await receive(), [{ attempts: 1 }], 'nothing was leased')
  t.equal((await call('POST', '/queue/receive', undefined, { origin: url })).status, 200, 'its own origin')
})
