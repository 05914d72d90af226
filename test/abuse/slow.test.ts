import t from 'tap'
import { call, signed } from '../conformance/http.ts'
import { start, variables } from '../conformance/service.ts'
import { open } from '../http/harness.ts'
import { testDirectory } from '../fixtures/directory.ts'

const SECRET = 'signing-secret'
const TOKEN = 'webhook-token'
const CREDENTIAL = `Authorization: Bearer ${TOKEN}\r\n`
const TIMEOUT = /^HTTP\/1\.1 408 .*"ERR_REQUEST_TIMEOUT"/s

t.setTimeout(180_000)

/** How it fares under 10,000 of them is measured by hand: `npm run slow`. */
t.test('who is slow is cut on both listeners, and who only reads for long is not', async t => {
  const { publicUrl, adminUrl, webhookUrl } = await start(
    t,
    variables(testDirectory(t), { JELOU_SIGNING_SECRET: SECRET, WEBHOOK_AUTHORIZATION: TOKEN }),
  )
  const listeners = [
    { name: 'public', port: Number(new URL(publicUrl).port), path: '/webhook/jelou' },
    { name: 'private', port: Number(new URL(adminUrl).port), path: '/queue/receive' },
  ]
  const page = open(
    t,
    Number(new URL(adminUrl).port),
    `GET /events HTTP/1.1\r\nHost: ${new URL(adminUrl).host}\r\nSec-Fetch-Site: same-origin\r\n\r\n`,
  )
  await page.until(/event: parts/)
  const slow = listeners.flatMap(({ name, port, path }) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`
    const kinds: [kind: string, bytes: string, answer: RegExp][] = [
      ['nothing', '', /^$/],
      ['half a line', 'POST /', TIMEOUT],
      ['half the headers', `${head}Auth`, TIMEOUT],
      ['half the body', `${head}${CREDENTIAL}Content-Length: 100\r\n\r\n{"event":`, TIMEOUT],
      ['half the chunks', `${head}${CREDENTIAL}Transfer-Encoding: chunked\r\n\r\n5\r\n{"m`, TIMEOUT],
    ]
    return kinds.map(([kind, bytes, answer]) => ({
      name: `${kind}, ${name}`,
      answer,
      client: open(t, port, bytes),
    }))
  })
  const body = '{"event":"good"}'
  const good = await call(webhookUrl, { method: 'POST', headers: signed(body, SECRET, TOKEN), body })
  t.equal(good.status, 200, 'others are answered meanwhile')
  for (const { name, answer, client } of slow) {
    await client.closed
    t.match(client.received(), answer, name)
  }
  t.notOk(page.socket.destroyed, 'the page still listens')
  const before = page.received().length
  while (page.received().length === before) await page.until(new RegExp(`^[^]{${before + 1}}`))
  t.pass('and is told what changes')
})
