import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { loadConfig } from '../src/config.ts'
import { openQueue, type ServiceQueue } from '../src/open-queue.ts'
import { readRedis, startRedis } from './brokers/redis.ts'
import { proxy } from './brokers/proxy.ts'
import { freePort } from './brokers/server.ts'
import { makeCertificates } from './fixtures/certificates.ts'
import { withoutOpenssl } from './fixtures/openssl.ts'
import { message } from './queue/fixtures/message.ts'
import { unwatched } from './queue/fixtures/unwatched.ts'
import { testDirectory } from './fixtures/directory.ts'

const server = await startRedis(t)

/** A queue as it is configured, connected, until the end of the test. */
async function open(t: Test, environment: NodeJS.ProcessEnv): Promise<ServiceQueue> {
  const config = await loadConfig(
    {
      JELOU_PROJECT_ID: 'p',
      JELOU_API_KEY: 'k',
      PUBLIC_URL: 'https://example.com',
      SHUTDOWN_TIMEOUT: '2s',
      ...environment,
    },
    join(import.meta.dirname, 'no-such-file'),
  )
  const queue = await openQueue(config, pino({ level: 'silent' }), unwatched)
  t.teardown(() => queue.close())
  await queue.connect()
  return queue
}

t.test('what waits before a broker that is away waits in the embedded queue of the same data', async t => {
  const DATA_DIR = join(testDirectory(t), 'data')
  const away = await open(t, { DATA_DIR, QUEUE_URL: `redis://127.0.0.1:${await freePort()}` })
  t.equal(away.name, 'redis')
  t.equal(away.consumer, undefined)
  const sent = message()
  t.equal(await away.publish(sent), 'accepted')
  t.match(await away.stats(), { waiting: 1 })
  t.match(away.figures?.(), { breaker: 'open', spooled: 1 })
  t.same(await away.deadLetters.dead({ after: 0, limit: 10 }), [])
  await away.close()

  const embedded = await open(t, { DATA_DIR })
  t.equal(embedded.name, 'sqlite')
  t.notOk('figures' in embedded)
  t.equal(embedded.deadLetters, embedded.consumer)
  const received = (await embedded.consumer?.receive({ max: 10, wait: 0, lease: 1000 })) ?? []
  t.same(
    received.map(({ event }) => String(event)),
    [String(sent.body)],
  )
})

t.test('what waits in the embedded queue goes to the broker that is configured then', async t => {
  if (server === null) return
  const DATA_DIR = join(testDirectory(t), 'data')
  const embedded = await open(t, { DATA_DIR })
  const [first, second] = [message(), message()]
  await embedded.publish(first)
  await embedded.close()
  const QUEUE_NAME = `test-${crypto.randomUUID()}`
  const broker = await open(t, { DATA_DIR, QUEUE_NAME, QUEUE_URL: `redis://127.0.0.1:${server.port}` })
  t.equal(await broker.publish(second), 'accepted')
  const entries = await readRedis(server, { queueName: QUEUE_NAME, count: 2 })
  t.same(
    entries.map(({ body }) => String(body)),
    [first, second].map(({ body }) => String(body)),
    'in order',
  )
  while ((await broker.stats()).waiting > 0) await sleep(10)
})

t.test('what a broker never confirms within PUBLISH_TIMEOUT reaches it by the disk', async t => {
  if (server === null) return
  const slow = await proxy(t, server)
  slow.lag(200)
  const QUEUE_NAME = `test-${crypto.randomUUID()}`
  const queue = await open(t, {
    DATA_DIR: join(testDirectory(t), 'data'),
    QUEUE_NAME,
    QUEUE_URL: `redis://127.0.0.1:${slow.port}`,
    PUBLISH_TIMEOUT: '50ms',
  })
  const sent = [message(), message()]
  for (const one of sent) t.equal(await queue.publish(one), 'accepted')
  while ((await queue.stats()).waiting > 0) await sleep(10)
  const entries = await readRedis(server, { queueName: QUEUE_NAME, count: 2 })
  t.same(
    entries.map(({ body }) => String(body)),
    sent.map(({ body }) => String(body)),
  )
})

t.test('a broker over TLS gets the files of the configuration', { skip: withoutOpenssl }, async t => {
  const { path } = makeCertificates(t)
  const port = String(await freePort())
  const tls = {
    '--tls-port': port,
    '--tls-ca-cert-file': path('ca.pem'),
    '--tls-cert-file': path('server.pem'),
    '--tls-key-file': path('server.key'),
  }
  const secure = await startRedis(t, { args: Object.entries(tls).flat() })
  if (secure === null) return
  const queue = await open(t, {
    DATA_DIR: join(testDirectory(t), 'data'),
    QUEUE_URL: `rediss://127.0.0.1:${port}`,
    QUEUE_NAME: 'events',
    QUEUE_CA_FILE: path('ca.pem'),
    QUEUE_CERT_FILE: path('client.pem'),
    QUEUE_KEY_FILE: path('client.key'),
  })
  await queue.publish(message())
  t.match(queue.figures?.(), { breaker: 'closed', spooled: 0 })
})
