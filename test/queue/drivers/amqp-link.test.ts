import { Connection } from 'rabbitmq-client'
import t, { type Test } from 'tap'
import { createAmqpQueue } from '../../../src/queue/drivers/amqp.ts'
import type { BrokerOptions, TlsFiles } from '../../../src/queue/types.ts'
import { proxy } from '../../brokers/proxy.ts'
import { startRabbitmq } from '../../brokers/rabbitmq.ts'
import { freePort } from '../../brokers/server.ts'
import { makeCertificates } from '../../fixtures/certificates.ts'
import { withoutOpenssl } from '../../fixtures/openssl.ts'
import { brokerOptions } from '../fixtures/broker-options.ts'
import { eventually } from '../fixtures/faults.ts'
import { message, messages } from '../fixtures/message.ts'

const tlsPort = await freePort()
const certificates = withoutOpenssl ? undefined : makeCertificates(t)

const server = await startRabbitmq(t, {
  users: [
    { name: 'reader', password: 'secret', configure: '.*', write: '^(?!unwritable)', read: '.*' },
    { name: 'guard', password: 'secret', configure: '^$', write: '^$', read: '^$' },
  ],
  config() {
    if (certificates === undefined) return []
    const { path } = certificates
    return [
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.cacertfile = ${path('ca.pem')}`,
      `ssl_options.certfile = ${path('server.pem')}`,
      `ssl_options.keyfile = ${path('server.key')}`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
      'ssl_options.versions.1 = tlsv1.2',
    ]
  },
})

function open(t: Test, url: string, options: Partial<BrokerOptions> = {}) {
  const given = brokerOptions(url, options)
  const driver = createAmqpQueue(given)
  t.teardown(() => driver.close())
  return { driver, queueName: given.queueName }
}

if (server !== null) {
  const at = `127.0.0.1:${server.port}`
  const administrator = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = new Connection(`amqp://guest:guest@${at}`)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  void t.test('refuses whom the server refuses, without telling the password', async t => {
    const cases = {
      'a wrong password': `amqp://reader:wrong-secret@${at}`,
      'no virtual host': `amqp://reader:secret@${at}/missing`,
      'no permission to create': `amqp://guard:secret@${at}`,
      'a name that is reserved': `amqp://reader:secret@${at}?exchange=amq.mine`,
    }
    for (const [name, url] of Object.entries(cases)) {
      const { driver } = open(t, url)
      await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: /^(?!.*secret)/ }, name)
    }
  })

  void t.test('tells of a missing permission to write', async t => {
    const queueName = `unwritable-${crypto.randomUUID()}`
    await administrator(async connection => {
      await connection.exchangeDeclare({ exchange: queueName, type: 'topic', durable: true })
      await connection.queueDeclare({ queue: queueName, durable: true })
    })
    const { driver } = open(t, `amqp://reader:secret@${at}`, { queueName, ensure: false })
    await driver.connect()
    const outcomes = await Promise.allSettled(messages(3).map(one => driver.publish(one)))
    for (const outcome of outcomes)
      t.match(outcome, { reason: { code: 'ERR_QUEUE_REFUSED', message: /ACCESS_REFUSED/ } })
  })

  void t.test('names what differs in a queue that is there', async t => {
    const queue = `test-${crypto.randomUUID()}`
    await administrator(connection => connection.queueDeclare({ queue, durable: true }))
    const { driver } = open(t, `amqp://${at}`, { queueName: queue })
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: /x-queue-type/ })
  })

  void t.test('limits the queue that it creates', async t => {
    const { driver } = open(t, `amqp://${at}?max_length=2`)
    await driver.connect()
    const fill = async () => {
      for (;;) await driver.publish(message())
    }
    await t.rejects(fill(), { code: 'ERR_QUEUE_FULL' })
  })

  void t.test('counts what came back, and makes anew what is missing', async t => {
    for (const ensure of [false, true]) {
      const { queueName: queue, driver: first } = open(t, `amqp://${at}`)
      await first.connect()
      const { driver } = open(t, `amqp://${at}`, { queueName: queue, ensure })
      await driver.connect()
      const bind = { queue, exchange: queue, routingKey: '#' }
      await administrator(connection => connection.queueUnbind(bind))
      const one = message()
      const copies = await Promise.allSettled([one, one, one].map(copy => driver.publish(copy)))
      for (const copy of copies) t.match(copy, { reason: { code: 'ERR_QUEUE_REFUSED' } })
      if (!ensure) await administrator(connection => connection.queueBind(bind))
      t.equal(await eventually(() => driver.publish(one)), 'accepted')
    }
  })

  void t.test('keeps its other queues while an exchange is deleted', async t => {
    const { driver, queueName } = open(t, `amqp://${at}`)
    await driver.connect()
    await administrator(connection => connection.exchangeDelete({ exchange: queueName }))
    await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_REFUSED', message: /NOT_FOUND/ })
    t.equal(await eventually(() => driver.publish(message())), 'accepted')
  })

  void t.test('sends no event that is larger than the server takes, once it knows', async t => {
    const { driver } = open(t, `amqp://${at}`)
    await driver.connect()
    const large = { ...message(), body: message('room', 'x'.repeat(16 * 1024 * 1024)).body }
    const outcomes = await Promise.allSettled([message(), large, message()].map(one => driver.publish(one)))
    t.match(outcomes[1], { reason: { code: 'ERR_MESSAGE_REFUSED', message: /no more than 16777216/ } })
    await eventually(() => driver.publish(message()))
    await Promise.all([
      t.rejects(driver.publish(large), { code: 'ERR_MESSAGE_REFUSED' }),
      driver.publish(message()),
    ])
  })

  void t.test('tries the next server', async t => {
    const { driver } = open(t, `amqp://127.0.0.1:${await freePort()}?hosts=${at}`)
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE', message: /ECONNREFUSED/ })
    await driver.connect()
    t.equal(await driver.publish(message()), 'accepted')
  })

  void t.test('gives up a server that says nothing, and closes all the same', async t => {
    const net = await proxy(t, server)
    const { driver } = open(t, `amqp://127.0.0.1:${net.port}`, { timeout: 500 })
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
  })

  void t.test('loses a link whose server sends what is no AMQP, and nothing else', async t => {
    const net = await proxy(t, server)
    const { driver } = open(t, `amqp://127.0.0.1:${net.port}`)
    await eventually(() => driver.connect())
    net.garbleAnswers()
    await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE' })
    t.equal(await eventually(() => driver.publish(message())), 'accepted')
  })

  void t.test('ends a link that does not close in time', async t => {
    const net = await proxy(t, server)
    const { driver } = open(t, `amqp://127.0.0.1:${net.port}`, { timeout: 500 })
    await eventually(() => driver.connect())
    net.stall(true)
    await driver.close()
    net.stall(false)
  })

  void t.test('is full while the server has no memory', { skip: server.process === null }, async t => {
    const { driver } = open(t, `amqp://${at}`)
    await driver.connect()
    await server.control('set_vm_memory_high_watermark', '0.0000001')
    await t.rejects(
      async () => {
        for (;;) await driver.publish(message())
      },
      { code: 'ERR_QUEUE_FULL', message: /low on memory/ },
    )
    t.match(driver.health(), { ok: false, reason: /low on memory/ })
    await driver.connect()
    await server.control('set_vm_memory_high_watermark', '0.8')
    t.equal(await eventually(() => driver.publish(message())), 'accepted')
    t.same(driver.health(), { ok: true })
  })

  void t.test(
    'speaks TLS, verified on both sides',
    { skip: withoutOpenssl || server.process === null },
    async t => {
      const tls: TlsFiles = certificates?.client ?? {}
      const url = `amqps://127.0.0.1:${tlsPort}`
      const { driver } = open(t, url, { tls })
      await driver.connect()
      t.equal(await driver.publish(message()), 'accepted')
      const cases = {
        'an authority that is not known': open(t, url, { tls: { ...tls, ca: tls.cert ?? Buffer.of() } }),
        'another name': open(t, `amqps://localhost:${tlsPort}`, { tls }),
        'no certificate of its own': open(t, url, { tls: { ca: tls.ca ?? Buffer.of() } }),
      }
      for (const [name, { driver }] of Object.entries(cases))
        await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: /TLS/ }, name)
      const { driver: plain } = open(t, `amqps://${at}`, { tls })
      await t.rejects(plain.connect(), { code: /^ERR_QUEUE_/ })
    },
  )
}
