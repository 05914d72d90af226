import t from 'tap'
import { addressSet, holds, isLoopback, localUrl, withoutPort } from '../src/network.ts'

t.test('isLoopback', async t => {
  const cases: [string, boolean][] = [
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['[::1]', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['[2001:db8::1]', false],
    ['localhost.example.com', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example.com', false],
    ['example.com', false],
    ['', false],
  ]
  for (const [host, expected] of cases) t.equal(isLoopback(host), expected, `"${host}"`)
})

t.test('addressSet', async t => {
  const set = addressSet(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'])
  const cases: [string, boolean][] = [
    ['10.200.3.4', true],
    ['::ffff:10.1.2.3', true],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2001:db8:1::1', true],
    ['2001:db9::1', false],
    ['::1', true],
    ['not an address', false],
  ]
  for (const [address, expected] of cases) t.equal(holds(set, address), expected, address)
  t.equal(holds(addressSet(['0.0.0.0/0']), '8.8.8.8'), true)

  for (const wrong of [
    '',
    'example.com',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/x',
  ]) {
    t.throws(() => addressSet([wrong]), { name: 'RangeError', message: `"${wrong}"` }, `"${wrong}"`)
  }
})

t.test('a listener is reached at an address of this machine', async t => {
  const cases = [
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://[::1]:80'],
    ['fd00::1', 'http://[fd00::1]:80'],
    ['10.0.0.1', 'http://10.0.0.1:80'],
    ['localhost', 'http://localhost:80'],
  ] as const
  for (const [host, origin] of cases) t.equal(localUrl(host, 80), origin)
})

t.test('withoutPort', async t => {
  const cases = [
    ['203.0.113.7:4567', '203.0.113.7'],
    ['203.0.113.7', '203.0.113.7'],
    ['[2001:db8::1]:4567', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['unknown:1', 'unknown:1'],
    ['', ''],
  ] as const
  for (const [address, expected] of cases) t.equal(withoutPort(address), expected, address)
})
