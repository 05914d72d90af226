import t from 'tap'
import { decoded, hostAfter, hostsOf } from '../../../src/queue/drivers/host.ts'

void t.test('reads the servers of a cluster', async t => {
  t.same(hostsOf(new URL('nats://a:80/x'), '', 4222), [{ hostname: 'a', port: 80 }])
  t.same(hostsOf(new URL('nats://[::1]'), 'b,c.example:1,[fe80::1]:2', 4222), [
    { hostname: '::1', port: 4222 },
    { hostname: 'b', port: 4222 },
    { hostname: 'c.example', port: 1 },
    { hostname: 'fe80::1', port: 2 },
  ])
  for (const [url, others] of [
    ['nats:///x', ''],
    ['nats://a', 'b:c'],
    ['nats://a', 'b:99999'],
    ['nats://u:secret@a', ' '],
    ['nats://a', 'u:secret@b'],
    ['nats://a', 'b/c'],
  ] as const) {
    const read = () => hostsOf(new URL(url), others, 4222)
    t.throws(read, { code: 'ERR_CONFIG', message: /^QUEUE_URL \(nats:\/\/…\): a host must be/ })
  }
})

void t.test('decodes the parts of a URL', async t => {
  const url = new URL('nats://u%40x:%25%2F@a/%2Fv%41')
  t.same(
    [decoded(url, 'username'), decoded(url, 'password'), decoded(url, 'pathname')],
    ['u@x', '%/', '//vA'],
  )
  t.throws(() => decoded(new URL('nats://u:50%@a'), 'password'), { code: 'ERR_CONFIG', message: /%25/ })
})

void t.test('takes the servers in turns', async t => {
  const [a, b] = [
    { hostname: 'a', port: 1 },
    { hostname: 'b', port: 2 },
  ] as const
  t.same(
    [0, 1, 2].map(failures => hostAfter(failures, [a, b])),
    [a, b, a],
  )
})
