import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { call, post } from './http.ts'
import { startReady, variables } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

const execute = promisify(execFile)
const openssl = (...options: string[]) => execute('openssl', options)
const missing = await openssl('version').then(
  () => false,
  () => 'openssl is not installed',
)
const fixture = (name: string) => join(import.meta.dirname, '../fixtures', name)

/** The documented bodies, and what the contract makes of their own time. */
const cases = [
  { file: 'message-text.json', time: '2026-04-14T02:37:58.574Z' },
  { file: 'message-image.json', time: '2026-04-14T02:39:12.163Z' },
]

t.test('documented bodies, signed by openssl, arrive byte for byte', { skip: missing }, async t => {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const environment = variables(testDirectory(t), {
    JELOU_API_URL: await jelou.listen(),
    JELOU_API_KEY: jelou.callers.apiKey,
  })
  const { adminUrl } = await startReady(t, environment)
  const { webhookUrl = '', signingSecret = '', authorization = '' } = jelou.integration ?? {}

  for (const { file, time } of cases) {
    const bytes = readFileSync(fixture(file))
    const [id] = await digest(file)
    const [signature] = await digest(file, '-hmac', signingSecret)
    const answer = await call(webhookUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${authorization}`,
        'x-jelou-signature': `sha256=${signature}`,
      },
      body: bytes,
    })
    t.equal(answer.status, 200)
    t.equal(answer.text, `{"status":"accepted","id":"${id}"}`)

    const { text } = await post(`${adminUrl}/queue/receive`, { wait: '20s' })
    const { messages } = JSON.parse(text)
    const [{ lease, event }] = messages
    t.match(event.receivedat, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.match(event.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    const envelope =
      `{"specversion":"1.0","id":"${id}","source":"urn:jelou:project:PROJECT_ID","type":"ai.jelou.message",` +
      `"subject":"ROOM_ID","time":"${time}","datacontenttype":"application/json","partitionkey":"ROOM_ID",` +
      `"receivedat":"${event.receivedat}","traceparent":"${event.traceparent}","data":${bytes.toString()}}`
    t.equal(text, `{"messages":[{"lease":"${lease}","attempts":1,"event":${envelope}}]}`)
    t.strictSame(JSON.parse((await post(`${adminUrl}/queue/ack`, { leases: [lease] })).text), {
      settled: 1,
      expired: [],
    })
  }
})

/** The SHA-256 of a documented body, hex. */
async function digest(file: string, ...options: string[]): Promise<string[]> {
  const { stdout } = await openssl('dgst', '-sha256', '-r', ...options, fixture(file))
  return stdout.split(' ')
}
