import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import t, { type Test } from 'tap'
import { createNatsQueue } from '../../../src/queue/drivers/nats.ts'
import type { BrokerOptions } from '../../../src/queue/types.ts'
import { startNats } from '../../brokers/nats.ts'
import { proxy } from '../../brokers/proxy.ts'
import { freePort } from '../../brokers/server.ts'
import { makeCertificates } from '../../fixtures/certificates.ts'
import { withoutOpenssl } from '../../fixtures/openssl.ts'
import { brokerOptions } from '../fixtures/broker-options.ts'
import { eventually } from '../fixtures/faults.ts'
import { message } from '../fixtures/message.ts'

const API = '"$JS.API.>", "_INBOX.>"'
const USERS = `authorization { users = [
  { user: admin, password: secret }
  { user: silent, password: secret, permissions: { publish: [${API}] } }
  { user: deaf, password: secret, permissions: { subscribe: "nothing" } }
  { user: powerless, password: secret, permissions: { publish: "nothing" } }
] }\n`

const server = await startNats(t, { config: () => USERS })

function open(t: Test, url: string, options: Partial<BrokerOptions> = {}) {
  const given = brokerOptions(url, options)
  const driver = createNatsQueue(given)
  t.teardown(() => driver.close())
  return { driver, queueName: given.queueName }
}

if (server !== null) {
  const at = `127.0.0.1:${server.port}`
  const url = `nats://admin:secret@${at}`
  const administrator = { servers: at, user: 'admin', pass: 'secret' }
  const create = async (config: Partial<StreamConfig> & { name: string }) => {
    const connection = await connect(administrator)
    await (await jetstreamManager(connection)).streams.add(config)
    await connection.close()
  }

  void t.test('refuses whom the server refuses, without telling the password', async t => {
    const cases = {
      'a wrong password': `nats://admin:wrong-secret@${at}`,
      'a token that is none': `nats://secret@${at}`,
      nobody: `nats://${at}`,
      'no permission to ask': `nats://powerless:secret@${at}`,
      'no permission to hear': `nats://deaf:secret@${at}`,
    }
    for (const [name, url] of Object.entries(cases))
      await t.rejects(
        open(t, url).driver.connect(),
        { code: 'ERR_QUEUE_REFUSED', message: /^(?!.*secret)/ },
        name,
      )
  })

  void t.test('tells of a missing permission to publish', async t => {
    const { driver } = open(t, `nats://silent:secret@${at}`)
    await driver.connect()
    await t.rejects(driver.publish(message('customer')), {
      code: 'ERR_QUEUE_REFUSED',
      message: /^(?!.*customer).*publish/,
    })
  })

  void t.test('uses a stream that is there, and tells what it may lose', async t => {
    const queueName = `test.${crypto.randomUUID()}`
    const warnings: object[] = []
    const log = { info() {}, warn: (fields: object) => void warnings.push(fields), error() {} }
    const name = queueName.replaceAll('.', '=')
    await create({
      name,
      subjects: [`${queueName}.>`],
      storage: 'memory',
      retention: 'interest',
      max_msgs: 10,
      discard: 'old',
    })
    const { driver } = open(t, url, { queueName, log })
    await driver.connect()
    t.equal(await driver.publish(message()), 'accepted')
    t.match(warnings, [{ weak: [/memory/, /no consumer/, /oldest/, /DEDUPE_WINDOW/] }])
  })

  void t.test('refuses a stream that does not take all events, or confirms none', async t => {
    const [other, mute] = [`test-${crypto.randomUUID()}`, `test-${crypto.randomUUID()}`]
    await create({ name: other, subjects: [`${other}.some.>`] })
    await create({ name: mute, subjects: [`${mute}.>`], no_ack: true })
    const refused = (queueName: string, message: RegExp) =>
      t.rejects(open(t, url, { queueName }).driver.connect(), { code: 'ERR_QUEUE_REFUSED', message })
    await refused(other, /does not take/)
    await refused(mute, /confirms nothing/)
    await refused(`${other}.some`, /overlap/)
  })

  void t.test('tries the next server', async t => {
    const { driver } = open(t, `nats://admin:secret@127.0.0.1:${await freePort()}?hosts=${at}`)
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE', message: /ECONNREFUSED/ })
    await driver.connect()
    t.equal(await driver.publish(message()), 'accepted')
  })

  void t.test('has IPv6', async t => {
    const { driver } = open(t, `nats://[::1]:${await freePort()}`)
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE' })
  })

  void t.test('gives up a server that says nothing, and closes all the same', async t => {
    const net = await proxy(t, server)
    const { driver } = open(t, `nats://admin:secret@127.0.0.1:${net.port}`, { timeout: 500 })
    net.stall(true)
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE', message: /within 500 ms/ })
    const trying = driver.connect()
    await Promise.all([
      driver.close(),
      t.rejects(trying, { code: 'ERR_QUEUE_UNAVAILABLE', message: /closed/ }),
    ])
    net.stall(false)
    await eventually(() => driver.connect())
    net.stall(true)
    const lost = t.rejects(driver.publish(message()), {
      code: 'ERR_QUEUE_UNAVAILABLE',
      message: /within 500 ms/,
    })
    await Promise.all([driver.close(), lost])
    net.stall(false)
  })
}

void t.test('says that a permission was taken from it', async t => {
  let file = ''
  const config = ({ folder }: { folder: string }) => {
    file = join(folder, 'nats.conf')
    return 'authorization { users = [ { user: a, password: b } ] }'
  }
  const server = await startNats(t, { config })
  const pid = server?.process?.pid()
  if (server === null || pid === undefined) return
  const lost = Promise.withResolvers<object>()
  const log = { info() {}, warn: lost.resolve, error() {} }
  const { driver } = open(t, `nats://a:b@127.0.0.1:${server.port}`, { log })
  await driver.connect()
  // The client writes there what its callbacks throw.
  const written = t.capture(console, 'log')
  const users = readFileSync(file, 'utf8')
  writeFileSync(file, users.replace('password: b', '$&, permissions: { subscribe: nothing }'))
  process.kill(pid, 'SIGHUP')
  t.match(await lost.promise, { err: { code: 'ERR_QUEUE_REFUSED', message: /no permission/ } })
  t.same(written(), [])
})

void t.test('says so whichever of its subscriptions is told first', async t => {
  if (server === null) return
  const subjects: string[] = []
  const clients: Socket[] = []
  // In the middle stands one that knows what was subscribed to, and speaks for the server.
  const middle = createServer(client => {
    const upstream = connectSocket(server.port, server.host).on('error', () => {})
    client.on('error', () => {}).on('close', () => upstream.destroy())
    client.on('data', chunk => {
      subjects.push(...[...String(chunk).matchAll(/^SUB (\S+)/gm)].map(([, subject = '']) => subject))
      upstream.write(chunk)
    })
    upstream.pipe(client)
    clients.push(client)
  }).listen(0, '127.0.0.1')
  await once(middle, 'listening')
  t.teardown(() => middle.close())
  const lost = Promise.withResolvers<object>()
  const log = { info() {}, warn: lost.resolve, error() {} }
  const { port } = middle.address() as AddressInfo
  const { driver } = open(t, `nats://admin:secret@127.0.0.1:${port}`, { log })
  await driver.connect()
  await driver.publish(message())
  const written = t.capture(console, 'log')
  clients.at(-1)?.write(`-ERR 'Permissions Violation for Subscription to "${subjects.at(-1)}"'\r\n`)
  t.match(await lost.promise, { err: { code: 'ERR_QUEUE_REFUSED', message: /no permission/ } })
  t.same(written(), [])
})

void t.test('says that JetStream is off', async t => {
  const plain = await startNats(t, { jetstream: false })
  if (plain === null) return
  const { driver } = open(t, `nats://127.0.0.1:${plain.port}`)
  await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: /JetStream/ })
})

void t.test('speaks TLS, verified on both sides', { skip: withoutOpenssl }, async t => {
  const { path, client: tls } = makeCertificates(t)
  const files = `ca_file: "${path('ca.pem')}", cert_file: "${path('server.pem')}", key_file: "${path('server.key')}"`
  const secure = await startNats(t, { config: () => `tls { ${files}, verify: true }\n` })
  if (secure === null || server === null) return
  const { driver } = open(t, `tls://127.0.0.1:${secure.port}`, { tls })
  await driver.connect()
  t.equal(await driver.publish(message()), 'accepted')
  const cases = {
    'an authority that is not known': open(t, `tls://127.0.0.1:${secure.port}`),
    'another name': open(t, `tls://localhost:${secure.port}`, { tls }),
  }
  for (const [name, { driver }] of Object.entries(cases))
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: /TLS/ }, name)
  const bare = open(t, `tls://127.0.0.1:${secure.port}`, { tls: { ca: tls.ca } })
  await t.rejects(bare.driver.connect(), /ERR_QUEUE_(REFUSED|UNAVAILABLE)|queue/)
  const plain = open(t, `tls://127.0.0.1:${server.port}`, { tls })
  await t.rejects(plain.driver.connect(), { code: /^ERR_QUEUE_/ })
})
