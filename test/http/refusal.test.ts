import t from 'tap'
import { startServer } from './harness.ts'

const HOST = 'Host: x\r\n'
const END = 'Connection: close\r\n\r\n'

t.test('what is sound goes on', async t => {
  const { answer } = await startServer(t)
  const sound = [
    `GET / HTTP/1.1\r\n${HOST}${END}`,
    `GET / HTTP/1.0\r\n\r\n`,
    `GET / HTTP/1.0\r\n${HOST}Expect: a miracle\r\n\r\n`,
    `GET http://elsewhere/ HTTP/1.1\r\n${HOST}${END}`,
    `GET / HTTP/1.1\r\nhOsT: x\r\nHosting: y\r\n${END}`,
    `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: Chunked\r\n${END}0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\nContent-Length: 1\r\n${END}a`,
  ]
  for (const request of sound)
    t.match(await answer(request), /^HTTP\/1\.1 200 .*fine/s, JSON.stringify(request))
})

t.test('what is not is refused, and nothing of it is repeated', async t => {
  let taken = 0
  const { answer } = await startServer(t, {}, (_request, response) => {
    taken++
    response.end()
  })
  const malformed = [
    // By this service.
    `GET /secret HTTP/0.9\r\n${HOST}\r\n`,
    `GET /secret HTTP/2.0\r\n${HOST}\r\n`,
    'GET /secret HTTP/1.1\r\n\r\n',
    `GET /secret HTTP/1.1\r\n${HOST}Host: secret\r\n\r\n`,
    `GET /secret HTTP/1.1\r\n${HOST}HOST: x\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
    `POST /secret HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    // By Node's parser.
    'GET /secret HTTP/1.2\r\n\r\n',
    'secret\r\n\r\n',
    `GET /secret\x01 HTTP/1.1\r\n${HOST}\r\n`,
    `GET /secret HTTP/1.1\r\n${HOST}a: secret\r\n b\r\n\r\n`,
    `GET /secret HTTP/1.1\r\n${HOST}a: secret\0\r\n\r\n`,
    `GET /secret HTTP/1.1\r\n${HOST}: secret\r\n\r\n`,
    `GET /secret HTTP/1.1\r\n${HOST}a : secret\r\n\r\n`,
    'GET /secret HTTP/1.1\nHost: x\n\n',
    `POST /secret HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Content-Length: 0x5\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `POST /secret HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ]
  const others: [request: string, status: number, code: string][] = [
    [`POST /secret HTTP/1.1\r\n${HOST}Expect: secret\r\n\r\n`, 417, 'ERR_EXPECTATION_FAILED'],
    [`GET /secret HTTP/1.1\r\n${HOST}a: ${'secret'.repeat(3000)}\r\n\r\n`, 431, 'ERR_HEADERS_TOO_LARGE'],
    [`GET /secret HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(100)}\r\n`, 431, 'ERR_HEADERS_TOO_LARGE'],
    [`CONNECT secret:1 HTTP/1.1\r\n${HOST}\r\n`, 405, 'ERR_METHOD_NOT_ALLOWED'],
  ]
  const all = [...malformed.map(request => [request, 400, 'ERR_REQUEST_MALFORMED'] as const), ...others]
  for (const [request, statusCode, code] of all) {
    const text = await answer(request)
    const name = JSON.stringify(request).slice(0, 100)
    const [head = '', body = ''] = text.split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1\\.1 ${statusCode} .*^connection: close`, 'ims'), name)
    t.match(head, /^content-type: application\/json/im)
    t.match(head, /^date: .* GMT/im)
    t.match(JSON.parse(body), { statusCode, code, error: /./, message: /./ }, name)
    t.notMatch(text, /secret/)
  }
  t.match(await answer(`CONNECT x:1 HTTP/1.1\r\n${HOST}\r\n`), /^allow: GET, POST/im)
  t.equal(taken, 0)
})

t.test('an upgrade is not taken, and nothing on its connection behind it', async t => {
  const taken: string[] = []
  const { open } = await startServer(t, {}, (request, response) => {
    taken.push(String(request.url))
    request.resume().once('end', () => setTimeout(() => response.end('fine'), 100))
  })
  const head = `POST /first HTTP/1.1\r\n${HOST}Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\n`
  // Node throws away what is in the packet with the upgrade, and would take the body of the second request for a third.
  const client = open(`${head}12POST /second HTTP/1.1\r\n${HOST}Content-Length: 50\r\n\r\n`)
  setTimeout(() => client.socket.write(`POST /smuggled HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\n1`), 50)
  await client.closed
  t.strictSame(taken, ['/first'])
  t.match(client.received(), /^HTTP\/1\.1 200 .*connection: close.*fine$/is)
})
