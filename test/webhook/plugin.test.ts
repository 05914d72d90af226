import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { goodHeaders, NOW, SECRET, sign, startWebhook, TOKEN, TRACEPARENT } from './harness.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures', name))

t.test('a documented message arrives in its envelope, byte for byte', async t => {
  for (const name of ['message-text.json', 'message-image.json']) {
    const { post, published, options } = await startWebhook(t)
    const body = fixture(name)
    const id = createHash('sha256').update(body).digest('hex')
    t.same((await post(body)).body, { status: 'accepted', id })
    t.same((await post(body)).body, { status: 'duplicate', id })
    t.same(options.counts, { accepted: 1, duplicate: 1 })
    t.equal(published.length, 1)
    const [message] = published
    t.match(message, { id, type: 'ai.jelou.message', partitionKey: 'ROOM_ID' })
    t.ok(message?.body.includes(body), 'the received bytes stand in the envelope')
    const { timestamp, ...event } = JSON.parse(body.toString())
    t.same(JSON.parse(message?.body.toString() ?? ''), {
      specversion: '1.0',
      id,
      source: 'urn:jelou:project:project%201',
      type: 'ai.jelou.message',
      subject: 'ROOM_ID',
      time: new Date(timestamp).toISOString(),
      datacontenttype: 'application/json',
      partitionkey: 'ROOM_ID',
      receivedat: new Date(NOW).toISOString(),
      traceparent: TRACEPARENT,
      data: { ...event, timestamp },
    })
  }
})

t.test('what was never seen before goes through', async t => {
  const { post, published } = await startWebhook(t)
  const bodies = [
    '{"event":"foo.bar"}',
    '{"event_type":"message","value":{"type":"hologram"},"new_field":{"a":[1,2]}}',
    '{"event":"conversation.close","timestamp":1776134278574,"project_id":"p","big":12345678901234567890.10}',
    '{ "event" : "spaced" ,\n "é" : "\\u00e9\\ud83d" }',
  ]
  for (const body of bodies) t.equal((await post(body)).status, 200, body)
  t.same(
    published.map(({ type, partitionKey, timestamp }) => [type, partitionKey, timestamp]),
    [
      ['ai.jelou.foo.bar', 'project 1', 0],
      ['ai.jelou.message', 'project 1', 0],
      ['ai.jelou.conversation.close', 'p', 1776134278574],
      ['ai.jelou.spaced', 'project 1', 0],
    ],
  )
  for (const [index, body] of bodies.entries()) t.ok(published[index]?.body.includes(`"data":${body}}`), body)
  t.match(JSON.parse(published[0]?.body.toString() ?? ''), { time: new Date(NOW).toISOString() })
})

t.test('a body signed in its canonical form goes on in that form', async t => {
  const { post, published } = await startWebhook(t)
  const canonical = '{"event":"e","n":1}'
  const received = '{ "event": "e", "n": 1.0 }'
  const headers = { ...goodHeaders(received), 'x-jelou-signature': sign(canonical) }
  const { body } = await post(received, headers)
  t.same(body, { status: 'accepted', id: createHash('sha256').update(canonical).digest('hex') })
  t.ok(published[0]?.body.includes(canonical))
  t.match((await post(canonical)).body, { status: 'duplicate' })
})

t.test('a bad signature or a repeated header lets nothing in', async t => {
  const { post, raw, published } = await startWebhook(t)
  const body = '{"event":"e"}'
  const good = goodHeaders(body)
  const signature = sign(body)
  const wrong: Record<string, string> = {
    'another secret': sign(body, 'other'),
    'another body': sign('{"event":"f"}'),
    truncated: signature.slice(0, -2),
    'no prefix': signature.slice(7),
    'twice in one': `${signature}, ${signature}`,
    empty: '',
  }
  for (const [name, value] of Object.entries(wrong)) {
    const answer = await post(body, { ...good, 'x-jelou-signature': value })
    t.match(answer, { status: 401, body: { code: 'ERR_SIGNATURE_INVALID' } }, name)
  }
  const repeats = [
    ['x-jelou-signature', signature, /ERR_SIGNATURE_INVALID/],
    ['authorization', `Bearer ${TOKEN}`, /ERR_CREDENTIAL_INVALID/],
    ['x-api-key', 'k', /ERR_CREDENTIAL_INVALID/],
    ['content-type', 'application/json', /ERR_CONTENT_TYPE/],
  ] as const
  for (const [name, value, code] of repeats) {
    const headers = { 'X-API-Key': 'k', ...good, 'content-length': String(body.length), connection: 'close' }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const head = ['POST /hook HTTP/1.1', 'host: x', ...lines, `${name.toUpperCase()}: ${value}`].join('\r\n')
    t.match(await raw(`${head}\r\n\r\n${body}`), code, `${name} twice`)
  }
  t.equal(published.length, 0)
  t.equal((await post(body, { ...good, 'x-jelou-signature': signature.toUpperCase() })).status, 200)
})

t.test('credentials are refused before a byte of the body is read', async t => {
  const { raw } = await startWebhook(t)
  const head = 'POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 500\r\n\r\n'
  t.match(await raw(head), /^HTTP\/1.1 401 .*www-authenticate: Bearer realm=.*ERR_CREDENTIAL_INVALID/s)
})

t.test('content types', async t => {
  const { post } = await startWebhook(t)
  const body = '{"event":"e"}'
  const good = goodHeaders(body)
  const cases: [string, number][] = [
    ['application/json; charset=utf-8', 200],
    ['Application/JSON', 200],
    ['application/json;', 200],
    ['application/json-seq', 415],
    ['application/x-www-form-urlencoded', 415],
    ['', 415],
  ]
  for (const [type, status] of cases)
    t.equal((await post(body, { ...good, 'content-type': type })).status, status, type)
  const { 'content-type': _, ...without } = good
  t.equal((await post(body, without)).status, 415, 'none')
  t.equal((await post(body, { ...good, 'content-encoding': 'gzip' })).status, 415, 'compressed')
  t.equal((await post(body, { ...good, 'content-encoding': 'Identity' })).status, 200, 'identity')
})

t.test('a body over the limit is refused, declared or not', async t => {
  const { raw, published } = await startWebhook(t)
  const headers = Object.entries(goodHeaders('x')).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.join('')}`
  t.match(await raw(`${head}content-length: 1001\r\n\r\n`), /^HTTP\/1.1 413 .*ERR_BODY_TOO_LARGE/s)
  const chunk = `3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`
  t.match(
    await raw(`${head}transfer-encoding: chunked\r\n\r\n${chunk}`),
    /^HTTP\/1.1 413 .*ERR_BODY_TOO_LARGE/s,
  )
  t.equal(published.length, 0)
})

/** A signed event of this length, in chunks of this size. */
function chunked(length: number, size: number): string {
  const body = `{"event":"${'e'.repeat(length - '{"event":""}'.length)}"}`
  const headers = Object.entries(goodHeaders(body)).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.join('')}`
  const chunks = body.match(new RegExp(`.{1,${size}}`, 'g')) ?? []
  const text = chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
  return `${head}transfer-encoding: chunked\r\n\r\n${text}0\r\n\r\n`
}

t.test('a body in very many pieces is refused, one in some is not', async t => {
  const { raw, lines } = await startWebhook(t, { bodyLimit: 1_000_000 })
  const taken: [length: number, size: number][] = [
    [1000, 1],
    [10_000, 10],
    [1_000_000, 64],
  ]
  for (const [length, size] of taken)
    t.match(await raw(chunked(length, size)), /^HTTP\/1\.1 200 /, `${length} in pieces of ${size}`)
  const refused: typeof taken = [
    [2000, 1],
    [200_000, 40],
  ]
  for (const [length, size] of refused)
    t.match(await raw(chunked(length, size)), /^HTTP\/1\.1 400 .*ERR_REQUEST_MALFORMED/s)
  t.match(lines, [{ check: 'ERR_REQUEST_MALFORMED' }, { check: 'ERR_REQUEST_MALFORMED' }])
})

t.test('an empty body is no event, even signed', async t => {
  const { post, raw } = await startWebhook(t)
  t.match(await post('', goodHeaders('')), { status: 400, body: { code: 'ERR_BODY_NOT_JSON' } })
  const headers = Object.entries(goodHeaders('')).map(([name, value]) => `${name}: ${value}\r\n`)
  t.match(
    await raw(`POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.join('')}\r\n`),
    /^HTTP\/1.1 400 /,
  )
})

t.test('age counts only when it is limited and known', async t => {
  const body = '{"event":"e","timestamp":1}'
  t.equal((await (await startWebhook(t)).post(body)).status, 200, 'no limit')
  const { post } = await startWebhook(t, { maxEventAge: 1000 })
  t.equal((await post(body)).status, 422)
  t.equal((await post('{"event":"e"}')).status, 200, 'no timestamp')
  t.equal((await post(`{"event":"e","timestamp":${NOW + 60_000}}`)).status, 200, 'a clock ahead of ours')
})

t.test('a secret that is lost while the body arrives is a failure of ours, not of the caller', async t => {
  const { options } = await startWebhook(t)
  const answers = [options.accepted(), null]
  const { post, published } = await startWebhook(t, { accepted: () => answers.shift() ?? null })
  t.match(await post('{"event":"e"}'), { status: 503, body: { code: 'ERR_NOT_REGISTERED' } })
  t.equal(published.length, 0)
})

t.test('a fault of our own is a 500 that tells nothing, and the log has its cause', async t => {
  const fault = new Error('something private')
  const { post, lines } = await startWebhook(t, { queue: { publish: async () => Promise.reject(fault) } })
  const answer = await post('{"event":"e"}')
  t.match(answer, { status: 500, body: { code: 'ERR_INTERNAL' } })
  t.notMatch(JSON.stringify(answer), /private/)
  t.match(lines, [{ msg: 'request refused', check: 'ERR_INTERNAL', err: { message: 'something private' } }])
})

t.test('refused requests are logged at a bounded rate, without what they carried', async t => {
  let now = NOW
  const { post, lines } = await startWebhook(t, { now: () => now })
  const headers = { ...goodHeaders('private words'), authorization: 'Bearer private' }
  for (let i = 0; i < 25; i++) await post('private words', headers)
  t.equal(lines.length, 10)
  now += 1000
  await post('private words', headers)
  t.match(lines.at(-1), {
    level: 40,
    reqId: /^req-/,
    check: 'ERR_CREDENTIAL_INVALID',
    statusCode: 401,
    suppressed: 15,
  })
  t.notMatch(JSON.stringify(lines), /private/)
  t.notMatch(JSON.stringify(lines), SECRET)
})
