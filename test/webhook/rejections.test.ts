import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { goodHeaders, NOW, startWebhook } from './harness.ts'

t.test('the last 100 refused requests are kept, newest first, without what they carried', async t => {
  const { post, options } = await startWebhook(t)
  const body = '{"private":"words"}'
  for (let i = 0; i < 105; i++) await post(body, { ...goodHeaders(body), 'x-number': `private ${i}` })
  await post(body, { ...goodHeaders(body), authorization: 'Bearer private' })

  const list = options.rejections.list()
  t.equal(list.length, 100)
  t.match(list[0], {
    check: 'ERR_CREDENTIAL_INVALID',
    statusCode: 401,
    bodyLength: body.length,
    bodyHash: null,
  })
  t.same(list[1], {
    time: new Date(NOW).toISOString(),
    check: 'ERR_EVENT_INVALID',
    statusCode: 422,
    headers: [
      'host',
      'connection',
      'content-type',
      'authorization',
      'x-jelou-signature',
      'x-number',
      'content-length',
    ],
    bodyLength: body.length,
    bodyHash: createHash('sha256').update(body).digest('hex'),
    source: '127.0.0.1',
  })
  t.same(options.rejections.counts, { ERR_EVENT_INVALID: 105, ERR_CREDENTIAL_INVALID: 1 })
  t.notMatch(JSON.stringify(list), /private/)
})

t.test('header names are bounded, and an undeclared length is unknown', async t => {
  const { raw, options } = await startWebhook(t)
  const names = Array.from({ length: 80 }, (_, i) => `${i}-${'x'.repeat(100)}: 1\r\n`)
  await raw(`POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${names.join('')}\r\n`)
  const [rejection] = options.rejections.list()
  t.equal(rejection?.headers.length, 50)
  t.equal(rejection?.headers.at(-1)?.length, 64)
  t.equal(rejection?.bodyLength, null)
})

t.test(
  'a length that is declared beyond all numbers is none that a reader of the list would stumble over',
  async t => {
    const { raw, options } = await startWebhook(t)
    for (const length of ['9007199254740991', '9007199254740992', '18446744073709551615'])
      await raw(`POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`)
    t.same(
      options.rejections.list().map(({ bodyLength }) => bodyLength),
      [null, null, Number.MAX_SAFE_INTEGER],
    )
  },
)

t.test('a request that breaks off is one of them', async t => {
  const { url, options } = await startWebhook(t)
  const { hostname, port } = new URL(url)
  const headers = Object.entries(goodHeaders('x')).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(Number(port), hostname)
  socket.end(`POST /hook HTTP/1.1\r\nhost: x\r\n${headers.join('')}content-length: 500\r\n\r\n{"event":`)
  socket.resume()
  await once(socket, 'close')
  while (options.rejections.list().length === 0) await setImmediate()
  t.match(options.rejections.list(), [{ check: 'ERR_REQUEST_CUT', statusCode: 400, bodyLength: 500 }])
})
