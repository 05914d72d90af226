import t from 'tap'
import { QueueUnavailableError } from '../../src/errors.ts'
import { startAdmin } from './harness.ts'

t.test('shows the status, the refused requests and the figures of the queue', async t => {
  const { call, publish } = await startAdmin(t)
  t.same((await call('GET', '/status')).json, { status: 'ready' })
  t.same((await call('GET', '/rejected')).json, { rejected: [{ check: 'ERR_SIGNATURE_INVALID' }] })
  await publish('k', 1)
  await publish('k', 2)
  await publish('l', 3)
  await call('POST', '/queue/receive', { max: 1 })
  const { json } = await call('GET', '/queue/stats')
  const { oldestAgeSeconds, bytes, ...counts } = json
  t.same(counts, { waiting: 2, leased: 1, delayed: 0, dead: 0 })
  t.ok(Number(bytes) > 0)
  t.type(oldestAgeSeconds, 'number')
})

t.test('the age of the oldest is told in seconds', async t => {
  const { call } = await startAdmin(t, {
    stats: async () => ({ waiting: 1, leased: 2, delayed: 3, dead: 4, oldestAge: 1500, bytes: 5 }),
  })
  t.same((await call('GET', '/queue/stats')).json, {
    waiting: 1,
    leased: 2,
    delayed: 3,
    dead: 4,
    oldestAgeSeconds: 1.5,
    bytes: 5,
  })
})

t.test('every error has one shape', async t => {
  const { call } = await startAdmin(t)
  const big = JSON.stringify({ leases: ['x'.repeat(2 ** 20)] })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const plain = { 'content-type': 'text/plain' }
  const cases = [
    [await call('GET', '/nowhere?secret=1'), 404, 'ERR_NOT_FOUND', 'Not Found', /no GET \/nowhere$/],
    [await call('GET', '/queue/receive'), 404, 'ERR_NOT_FOUND', 'Not Found', /no GET \/queue\/receive$/],
    [await call('POST', '/queue/ack', '{'), 400, 'ERR_BAD_REQUEST', 'Bad Request', /not JSON/],
    [await call('POST', '/queue/ack', big), 413, 'ERR_BODY_TOO_LARGE', 'Payload Too Large', /./],
    [
      await call('POST', '/queue/receive', '{}', form),
      415,
      'ERR_CONTENT_TYPE',
      'Unsupported Media Type',
      /json/,
    ],
    [
      await call('POST', '/queue/receive', '{}', plain),
      415,
      'ERR_CONTENT_TYPE',
      'Unsupported Media Type',
      /json/,
    ],
  ] as const
  for (const [answer, statusCode, code, error, message] of cases) {
    t.equal(answer.status, statusCode)
    t.match(answer.headers['content-type'], /^application\/json/)
    t.strictSame(Object.keys(answer.json), ['statusCode', 'code', 'error', 'message'])
    t.match(answer.json, { statusCode, code, error, message })
  }
})

t.test('a fault of the service is logged and tells nothing', async t => {
  const fault = new Error('something private')
  const { call, lines } = await startAdmin(t, { status: () => Promise.reject(fault) })
  const { status, json } = await call('GET', '/status')
  t.match({ status, json }, { status: 500, json: { statusCode: 500, code: 'ERR_INTERNAL' } })
  t.notMatch(JSON.stringify(json), 'private')
  t.match(lines, [{ level: 50, err: { message: 'something private' } }])
  await call('GET', '/nowhere')
  t.equal(lines.length, 1, 'a mistake of the caller is not logged')
})

t.test('a queue that cannot be asked is a 503, and the rest goes on', async t => {
  const { call, lines } = await startAdmin(t, {
    stats: () => Promise.reject(new QueueUnavailableError('gone')),
  })
  t.match(await call('GET', '/queue/stats'), { status: 503, json: { code: 'ERR_QUEUE_UNAVAILABLE' } })
  t.match(lines, [{ level: 50, err: { code: 'ERR_QUEUE_UNAVAILABLE' } }])
  t.equal((await call('GET', '/status')).status, 200)
})

t.test('without an embedded queue there is no consumer API, but figures and dead letters', async t => {
  const { call } = await startAdmin(t, { consumer: undefined })
  for (const path of ['/queue/receive', '/queue/ack', '/queue/nack'])
    t.match(await call('POST', path), { status: 404, json: { code: 'ERR_NOT_FOUND' } }, path)
  t.equal((await call('GET', '/queue/dead')).status, 200)
  t.match(await call('POST', '/queue/dead/redrive'), { status: 200, json: { redriven: 0 } })
  t.equal((await call('GET', '/queue/stats')).status, 200)
})
