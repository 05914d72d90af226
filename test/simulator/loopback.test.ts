import t from 'tap'
import { isLoopback } from '../../src/simulator/loopback.ts'

const cases: [host: string, expected: boolean][] = [
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['[2001:db8::1]', false],
  ['localhost.example.com', false],
  ['127.0.0.1.example.com', false],
  ['', false],
]

for (const [host, expected] of cases) {
  void t.test(`"${host}" is ${expected ? '' : 'not '}this machine`, async t => {
    t.equal(isLoopback(host), expected)
  })
}
