import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { addressOf } from '../../../src/queue/drivers/redis-address.ts'
import { createRedisConnection } from '../../../src/queue/drivers/redis-connection.ts'
import { createRedisQueue } from '../../../src/queue/drivers/redis.ts'
import { asked, readRedis, startRedis } from '../../brokers/redis.ts'
import { freePort } from '../../brokers/server.ts'
import { makeCertificates } from '../../fixtures/certificates.ts'
import { withoutOpenssl } from '../../fixtures/openssl.ts'
import { eventually } from '../fixtures/faults.ts'
import { message, messages } from '../fixtures/message.ts'
import { connected, redisOptions } from './fixtures/redis.ts'

const server = await startRedis(t)

if (server !== null) {
  const address = `${server.host}:${server.port}`
  const url = `redis://${address}`

  void t.test('logs in as a user, and says what is wrong with it', async t => {
    await asked(server, async client => {
      await client.acl('SETUSER', 'us:er', 'on', '>p@ss%', '~*', '+@all')
      await client.acl('SETUSER', 'reader', 'on', '>pass', '~*', '+@read', '+@connection')
    })
    const cases: Record<string, RegExp | null> = {
      'us%3Aer:p%40ss%25': null,
      'us%3Aer:hunter2': /WRONGPASS/,
      'reader:pass': /NOPERM/,
    }
    for (const [user, problem] of Object.entries(cases)) {
      const driver = createRedisQueue(redisOptions(`redis://${user}@${address}`))
      t.teardown(() => driver.close())
      if (problem === null) await driver.connect()
      else await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: problem })
      t.notMatch(JSON.stringify(driver.health()), /hunter2|p@ss/)
    }
  })

  void t.test('uses the database that the URL names, or none', async t => {
    const options = redisOptions(`${url}/3`)
    const driver = await connected(t, createRedisQueue(options))
    await driver.publish(message())
    await asked(server, async client => {
      t.equal(await client.exists(options.queueName), 0)
      await client.select(3)
      t.equal(await client.xlen(options.queueName), 1)
    })
    const wrong = createRedisQueue(redisOptions(`${url}/999`))
    t.teardown(() => wrong.close())
    await t.rejects(wrong.connect(), { code: 'ERR_QUEUE_REFUSED', message: /DB index/ })
  })

  void t.test('outlives more than one error of a socket', async t => {
    const connection = createRedisConnection({
      address: addressOf(new URL(url), {}),
      timeout: 5_000,
      log: { info() {}, warn() {}, error() {} },
      prepare: async () => undefined,
    })
    t.teardown(() => connection.close())
    await connection.connect()
    const state = connection.state()
    if ('failure' in state) return t.fail(state.failure.reason)
    const { stream } = state.client
    // As TLS does when what arrives is no TLS while something is being written.
    for (const reason of ['read', 'write']) stream.emit('error', new Error(reason))
    stream.destroy()
    await eventually(async () => {
      const now = connection.state()
      if ('failure' in now || now.client.stream === stream) throw new Error('it is not back')
    })
  })

  void t.test('leaves a server that became a replica, and comes back', async t => {
    const driver = await connected(t, createRedisQueue(redisOptions(url)))
    await asked(server, client => client.replicaof(server.host, 1))
    const outcomes = await Promise.allSettled(messages(30).map(one => driver.publish(one)))
    const reason = { code: 'ERR_QUEUE_REFUSED', message: /read-only replica/ }
    for (const outcome of outcomes) t.match(outcome, { status: 'rejected', reason })
    t.match(driver.health(), { ok: false, reason: /replica/ })
    await asked(server, client => client.replicaof('NO', 'ONE'))
    t.equal(await eventually(() => driver.publish(message())), 'accepted')
    t.same(driver.health(), { ok: true })
  })

  void t.test('comes back once what was broken while it was away is mended', async t => {
    const options = redisOptions(url)
    const driver = await connected(t, createRedisQueue(options))
    await asked(server, async client => {
      await client.del(options.queueName)
      await client.set(options.queueName, 'text')
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    })
    await until(() => /WRONGTYPE/.test(JSON.stringify(driver.health())))
    await asked(server, client => client.del(options.queueName))
    t.equal(await eventually(() => driver.publish(message())), 'accepted')
    const said = new Set(options.logged.map(([, text]) => text))
    t.ok(said.has('the connection to Redis is lost, it is made again'))
    t.ok(said.has('the connection to Redis is back'))
  })

  void t.test('does not wait for a server that is frozen', async t => {
    const driver = await connected(t, createRedisQueue(redisOptions(url, { timeout: 500 })))
    const other = createRedisQueue(redisOptions(url, { timeout: 500 }))
    server.process?.pause()
    const [published, connecting] = await Promise.allSettled([driver.publish(message()), other.connect()])
    t.match(published, { status: 'rejected', reason: { code: 'ERR_QUEUE_UNAVAILABLE' } })
    t.match(connecting, { status: 'rejected', reason: { code: 'ERR_QUEUE_UNAVAILABLE', message: /500 ?ms/ } })
    await until(() => !driver.health().ok)
    await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE' })
    await driver.close()
    await other.close()
    server.process?.resume()
  })

  void t.test('can be closed at any time', async t => {
    const options = redisOptions(url)
    for (const pause of [0, 1, 2, 5, 10]) {
      const driver = createRedisQueue(options)
      const connecting = driver.connect()
      await sleep(pause)
      await driver.close()
      const [outcome] = await Promise.allSettled([connecting])
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'ERR_QUEUE_UNAVAILABLE' })
      await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE' })
      await driver.connect()
      t.equal(await driver.publish(message()), 'accepted')
      await driver.close()
    }
  })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}

void t.test('over TLS', { skip: withoutOpenssl }, async t => {
  const { path, client: tls } = makeCertificates(t)
  const tlsPort = await freePort()
  const args = Object.entries({
    '--tls-port': `${tlsPort}`,
    '--tls-auth-clients': 'yes',
    '--tls-ca-cert-file': path('ca.pem'),
    '--tls-cert-file': path('server.pem'),
    '--tls-key-file': path('server.key'),
  }).flat()
  const server = await startRedis(t, { args })
  if (server === null || server.process === null) return
  const url = `rediss://127.0.0.1:${tlsPort}`

  await t.test('shows its certificate and wants to see the right one', async t => {
    const options = redisOptions(url, { tls })
    const driver = await connected(t, createRedisQueue(options))
    const sent = message()
    t.equal(await driver.publish(sent), 'accepted')
    const [received] = await readRedis(server, { queueName: options.queueName, count: 1 })
    t.ok(received?.body.equals(sent.body))
  })

  const refused = {
    'a server of an unknown authority': { url, tls: { cert: tls.cert, key: tls.key } },
    'a server of another name': { url: `rediss://localhost:${tlsPort}`, tls },
    'no certificate of ours': { url, tls: { ca: tls.ca } },
  }
  for (const [name, { url, tls }] of Object.entries(refused)) {
    await t.test(`does not talk to ${name}`, async t => {
      const driver = createRedisQueue(redisOptions(url, { tls }))
      await t.rejects(driver.connect(), { code: /REFUSED|UNAVAILABLE/ })
      t.match(driver.health(), { ok: false })
      await driver.close()
    })
  }
})
