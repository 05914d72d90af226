import t from 'tap'
import { attack } from './attack.ts'
import { readHttp } from './http-model.ts'
import { testDirectory } from '../fixtures/directory.ts'

/** By hand there are a million, and other seeds: `npm run fuzz`. */
const CASES = 20_000

t.setTimeout(300_000)

t.test('nothing that is sent over raw sockets breaks the service, gets in unsigned, or is lost', async t => {
  const report = await attack(t, testDirectory(t), { seed: 1, cases: CASES, connections: 32 })
  t.strictSame(report.problems, [])
  t.ok(report.cases >= CASES)
  // All kinds of answers, or the cases say nothing.
  for (const status of [200, 400, 401, 403, 404, 405, 413, 415, 417, 422, 431])
    t.ok(Number(report.answers[status]) > 0, `${status}: ${report.answers[status]}`)
  t.ok(report.taken.size > CASES / 20, `${report.taken.size} events were taken`)
  const resident = report.memory.map(({ resident }) => resident)
  t.ok(Math.max(...resident) < 600, `memory in MB: ${resident.join(', ')}`)
})

t.test('the model that says what may be taken reads HTTP as the standard has it', async t => {
  const head = 'POST /a HTTP/1.1\r\nHost: x\r\n'
  const cases: [bytes: string, bodies: string[], rest: string][] = [
    ['', [], 'nothing'],
    [`\r\n${head}\r\n`, [''], 'nothing'],
    [`${head}Content-Length: 2\r\n\r\nab${head}\r\n`, ['ab', ''], 'nothing'],
    [
      `${head}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n01;x=y\r\nb\r\n0\r\nT: u\r\n\r\n`,
      ['ab'],
      'nothing',
    ],
    [`${head}Content-Length: 2\r\n\r\na`, [], 'incomplete'],
    [head, [], 'incomplete'],
    [`${head}Connection: close\r\n\r\n${head}\r\n`, [''], 'invalid'],
    [`${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`, [], 'invalid'],
    [`${head}Content-Length: +2\r\n\r\nab`, [], 'invalid'],
    [`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [], 'invalid'],
    [`${head}Transfer-Encoding: chunked\r\n\r\n1\nab`, [], 'invalid'],
    [`${head}a: b\r\n c\r\n\r\n`, [], 'invalid'],
    [`${head}a : b\r\n\r\n`, [], 'invalid'],
    [`${head}a: \0\r\n\r\n`, [], 'invalid'],
    ['nonsense\r\n\r\n', [], 'invalid'],
  ]
  for (const [bytes, bodies, rest] of cases) {
    const reading = readHttp(bytes)
    t.strictSame(
      [reading.requests.map(({ body }) => body), reading.rest],
      [bodies, rest],
      JSON.stringify(bytes),
    )
  }
})
