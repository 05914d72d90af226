import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { OverloadedError } from '../../src/errors.ts'
import { createSqliteQueue, type SqliteQueueOptions } from '../../src/queue/drivers/sqlite.ts'
import { goodHeaders, sign, startWebhook } from '../webhook/harness.ts'
import { Checker, exchange } from './checker.ts'
import { startService } from './service.ts'
import { markedSecret } from '../fixtures/marked.ts'

// Every test has a service of its own, which takes a while to start on a busy machine.
t.setTimeout(120_000)

const DOCUMENT = '/openapi/public.json'
const PATH = '/webhook/jelou'
const SECRET = markedSecret()
const TOKEN = markedSecret()
const FIXED = { JELOU_API_KEY: '', JELOU_SIGNING_SECRET: SECRET, WEBHOOK_AUTHORIZATION: TOKEN }

/** What is described but cannot be provoked here, each with why. */
const NOT_SEEN: Record<string, string> = {}

const BODY = '{"event":"e"}'

function headersFor(body: string): Record<string, string> {
  return { authorization: `Bearer ${TOKEN}`, 'x-jelou-signature': sign(body, SECRET) }
}

t.test('every answer of the public listener is as described', async t => {
  const service = await startService(t, { ...FIXED, BODY_LIMIT: '100b', MAX_EVENT_AGE: '1h' })
  const checker = new Checker(await service.document(DOCUMENT))

  async function call(base: string, options: Parameters<typeof exchange>[3], method = 'POST', path = PATH) {
    const answer = await exchange(base, method, path, options)
    t.same(checker.problems(answer), [], `${method} ${path} ${answer.status}`)
    return JSON.parse(answer.text)
  }
  const post = (body: string, headers: Record<string, string> = headersFor(body)) =>
    call(service.publicUrl, { body, headers })

  t.match(await post(BODY), { status: 'accepted' })
  t.match(await post(BODY), { status: 'duplicate' })
  const refused: [string, string, Record<string, string>?][] = [
    ['ERR_CREDENTIAL_INVALID', BODY, {}],
    ['ERR_CONTENT_TYPE', BODY, { ...headersFor(BODY), 'content-type': 'text/plain' }],
    ['ERR_BODY_TOO_LARGE', 'x'.repeat(101)],
    ['ERR_SIGNATURE_INVALID', BODY, headersFor('')],
    ['ERR_BODY_NOT_JSON', 'x'],
    ['ERR_EVENT_INVALID', '{}'],
    ['ERR_EVENT_TOO_OLD', '{"event":"e","timestamp":1}'],
  ]
  for (const [code, body, headers] of refused) t.match(await post(body, headers), { code })
  t.match(await call(service.publicUrl, {}, 'GET', '/healthz'), { status: 'ok' })
  t.match(await call(service.publicUrl, {}, 'GET', '/readyz'), { status: 'ready' })
  await service.app.queue.close()
  t.match(await call(service.publicUrl, {}, 'GET', '/readyz'), { status: 'not ready' })
  t.match(await post('{"event":"f"}'), { code: 'ERR_QUEUE_UNAVAILABLE' })

  const elsewhere = await startService(t, { ...FIXED, ALLOWED_SOURCES: '192.0.2.0/24' })
  t.match(await call(elsewhere.publicUrl, { body: BODY }), { code: 'ERR_SOURCE_NOT_ALLOWED' })
  const unknown = await startService(t, { JELOU_API_KEY: 'wrong' }, { registered: false })
  t.match(await call(unknown.publicUrl, { body: BODY }), { code: 'ERR_NOT_REGISTERED' })

  const provoked: [string, Parameters<typeof startWebhook>[1], boolean?][] = [
    ['ERR_DRAINING', { draining: () => true }],
    ['ERR_OVERLOADED', { refreshed: () => Promise.reject(new OverloadedError()) }, true],
    ['ERR_QUEUE_FULL', { queue: await queue(t, { minFree: Infinity }) }],
    ['ERR_QUEUE_OVERLOADED', { queue: await queue(t, { maxInFlight: { events: 0, bytes: 0 } }) }],
    ['ERR_INTERNAL', { queue: { publish: () => Promise.reject(new Error('a fault')) } }],
  ]
  for (const [code, options, forged] of provoked) {
    const { url } = await startWebhook(t, { path: PATH, ...options })
    t.match(await call(url, { body: BODY, headers: goodHeaders(forged ? '' : BODY) }), { code })
  }

  const { url } = await startWebhook(t, { path: PATH, bodyLimit: 10_000 })
  const pieces = Readable.from(Array.from({ length: 2000 }, () => Buffer.from('x')))
  t.match(await call(url, { body: pieces, headers: goodHeaders('') }), { code: 'ERR_REQUEST_MALFORMED' })

  t.same(checker.unseen(), Object.keys(NOT_SEEN), 'nothing is described that was not seen')
})

for (const type of ['bearer', 'api_key', 'basic', 'no_auth']) {
  t.test(`the challenge of a 401 is that of ${type}`, async t => {
    const environment = {
      ...FIXED,
      WEBHOOK_AUTH_TYPE: type,
      WEBHOOK_AUTHORIZATION: type === 'no_auth' ? '' : 'user:password',
    }
    const { publicUrl, document } = await startService(t, environment)
    const checker = new Checker(await document(DOCUMENT))
    const answer = await exchange(publicUrl, 'POST', PATH, { body: BODY })
    t.equal(answer.status, 401)
    t.same(checker.problems(answer), [])
  })
}

t.test('the description has the address and the path that are configured', async t => {
  const { publicUrl, document } = await startService(t, {
    ...FIXED,
    PUBLIC_URL: 'http://127.0.0.1:0/proxy',
    WEBHOOK_PATH: '/proxy/hook',
  })
  t.match(await document(DOCUMENT), {
    servers: [{ url: `${publicUrl}/proxy` }],
    paths: { '/proxy/hook': { post: { operationId: 'deliver' } } },
  })
})

/** A real queue that takes nothing, for as long as the test lasts. */
async function queue(t: Test, options: Partial<SqliteQueueOptions>) {
  const directory = await mkdtemp(join(tmpdir(), 'description-test-'))
  const queue = createSqliteQueue({
    file: join(directory, 'queue.sqlite'),
    dedupeWindow: 0,
    log: pino({ level: 'silent' }),
    ballast: 0,
    ...options,
  })
  await queue.connect()
  t.teardown(async () => {
    await queue.close()
    await rm(directory, { recursive: true })
  })
  return queue
}
