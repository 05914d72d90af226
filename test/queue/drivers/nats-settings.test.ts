import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { natsSettings } from '../../../src/queue/drivers/nats-settings.ts'
import { testDirectory } from '../../fixtures/directory.ts'

const HOUR = 3_600_000
const read = (url: string, queueName = 'events') =>
  natsSettings({
    url: new URL(url),
    queueName,
    ensure: true,
    timeout: 1,
    dedupeWindow: HOUR,
    tls: {},
    log: console,
  })

void t.test('has defaults that drop nothing', async t => {
  t.same(read('nats://a'), {
    hosts: [{ hostname: 'a', port: 4222 }],
    credentials: {},
    stream: {
      name: 'events',
      subjects: ['events.>'],
      storage: 'file',
      retention: 'limits',
      discard: 'new',
      num_replicas: 1,
      max_age: 0,
      max_bytes: -1,
      max_msgs: -1,
      duplicate_window: HOUR * 1e6,
    },
  })
})

void t.test('reads the URL', async t => {
  const query = 'hosts=b&stream=s&replicas=3&max_age=60&max_bytes=5&max_msgs=6'
  t.match(read(`tls://u%40:p%2F@a:1?${query}`, 'a.b'), {
    hosts: [
      { hostname: 'a', port: 1 },
      { hostname: 'b', port: 4222 },
    ],
    credentials: { user: 'u@', pass: 'p/' },
    stream: {
      name: 's',
      subjects: ['a.b.>'],
      num_replicas: 3,
      max_age: 60e9,
      max_bytes: 5,
      max_msgs: 6,
      duplicate_window: 60e9,
    },
  })
  t.same(read('nats://to%2Fken@a').credentials, { token: 'to/ken' })
  t.equal(read('nats://a?max_age=7200').stream.duplicate_window, HOUR * 1e6)
})

void t.test('reads a file of credentials', async t => {
  const folder = testDirectory(t)
  const file = join(folder, 'user.creds')
  writeFileSync(file, 'x')
  t.type(read(`nats://a?creds=${encodeURIComponent(file)}`).credentials.authenticator, 'function')
  t.throws(() => read(`nats://a?creds=${encodeURIComponent(file)}2`), {
    code: 'ERR_CONFIG',
    message: /creds/,
  })
})

void t.test('refuses what it does not know', async t => {
  for (const query of ['replicas=6', 'max_age=0', 'max_bytes=x', 'stream=a.b', 'creds=', 'x=1'])
    t.throws(
      () => read(`nats://u:secret@a?${query}`),
      { code: 'ERR_CONFIG', message: /^(?!.*secret)/ },
      query,
    )
  for (const name of ['.a', 'a.', 'a..b'])
    t.throws(() => read('nats://a', name), { code: 'ERR_CONFIG' }, name)
})
