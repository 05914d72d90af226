import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createKafkaQueue } from '../../../src/queue/drivers/kafka.ts'
import { encodeBatch, partitionOf, produce, recordOf } from '../../../src/queue/drivers/kafka-records.ts'
import type { BrokerOptions, QueueDriver } from '../../../src/queue/types.ts'
import { kafkaAdmin, readKafka, startKafka, USERS } from '../../brokers/kafka.ts'
import { makeCertificates, type Certificates } from '../../fixtures/certificates.ts'
import { proxy } from '../../brokers/proxy.ts'
import { withoutOpenssl } from '../../fixtures/openssl.ts'
import { brokerContract } from '../broker-contract.ts'
import { brokerOptions } from '../fixtures/broker-options.ts'
import { eventually } from '../fixtures/faults.ts'
import { message, messages } from '../fixtures/message.ts'

const certificates = withoutOpenssl ? undefined : makeCertificates(t)
const server = await startKafka(t, certificates && { certificates })

if (server) {
  const { host, port, proxied, secure } = server
  const options = (more: Partial<BrokerOptions> = {}): BrokerOptions =>
    brokerOptions(`kafka://${host}:${port}`, { timeout: 2000, ...more })
  const create = (t: Test, more?: Partial<BrokerOptions>) => {
    const driver = createKafkaQueue(options(more))
    t.teardown(() => driver.close())
    return driver
  }
  const administer = (t: Test) => {
    const admin = kafkaAdmin({ host, port })
    t.teardown(() => admin.close())
    return admin
  }

  brokerContract(t, {
    server,
    create: createKafkaQueue,
    url: ({ host, port }) => new URL(`kafka://${host}:${port}`),
    ...(proxied && { proxied }),
    read: at => readKafka(server, at),
    survivesKill: true,
    largest: 2_097_152,
  })

  void t.test('two replicas make the topic at the same time', async t => {
    const { queueName } = options()
    const drivers = Array.from({ length: 4 }, () => create(t, { queueName }))
    await Promise.all(drivers.map(driver => driver.connect()))
    await Promise.all(drivers.map(driver => driver.publish(message())))
    t.equal((await readKafka(server, { queueName, count: 4 })).length, 4)
  })

  void t.test('makes the topic as the settings say', async t => {
    const { queueName } = options()
    const url = new URL(
      `kafka://${host}:${port}?partitions=3&replication=1&minInsyncReplicas=1&maxMessageBytes=20000`,
    )
    const driver = create(t, { queueName, url })
    await driver.connect()
    const { topics } = await administer(t).metadata({ topics: [queueName] })
    t.equal(topics.get(queueName)?.partitionsCount, 3)
    const large = { ...message(), body: message('room', 'x'.repeat(30_000)).body }
    const sent = messages(20)
    const outcomes = await Promise.allSettled(
      [...sent.slice(0, 9), large, ...sent.slice(9)].map(one => driver.publish(one)),
    )
    t.same(
      outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
      [9],
      'only the large one is refused, those beside it are not',
    )
    const received = await readKafka(server, { queueName, count: 20 })
    t.same(
      received.map(({ body }) => String(body)),
      sent.map(({ body }) => String(body)),
    )
  })

  void t.test('says why it cannot make the topic', async t => {
    const driver = create(t, { url: new URL(`kafka://${host}:${port}?replication=5`) })
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_REFUSED', message: /\?replication=/ })
  })

  void t.test('large events for many partitions', async t => {
    const { queueName } = options()
    const driver = create(t, { queueName, timeout: 20_000 })
    await driver.connect()
    const sent = Array.from({ length: 24 }, (_, index) =>
      message(`room ${index}`, 'x'.repeat(1_800_000) + index),
    )
    await Promise.all(sent.map(one => driver.publish(one)))
    const received = await readKafka(server, { queueName, count: 24 })
    t.same(
      received.map(({ body }) => String(body)).toSorted(),
      sent.map(({ body }) => String(body)).toSorted(),
    )
  })

  void t.test('goes on with another producer when a broker refuses its own', async t => {
    const { queueName } = options()
    const driver = create(t, { queueName })
    await driver.connect()
    const [first, between, last] = [message(), message(), message()]
    await driver.publish(first)
    const [stored] = await readKafka(server, { queueName, count: 1 })
    // Somebody with the same producer and a later epoch: the driver's own is over.
    const connection = await administer(t).connections.get({ host, port })
    const record = recordOf(queueName, between)
    const bytes = encodeBatch([record], { id: stored?.producerId ?? 0n, epoch: 5 }, 0)
    const batches = [{ index: partitionOf(record.key, 12), bytes }]
    const answers = await produce(connection, { topic: queueName, timeout: 1000, batches })
    t.same([...answers.values()], ['NONE'])
    t.equal(await driver.publish(last), 'accepted')
    const received = await readKafka(server, { queueName, count: 3 })
    t.same(
      received.map(({ body }) => String(body)),
      [first, between, last].map(({ body }) => String(body)),
    )
  })

  void t.test('a topic that somebody deletes', async t => {
    const { queueName } = options()
    const [making, using] = [create(t, { queueName }), create(t, { queueName, ensure: false })]
    await making.connect()
    await using.connect()
    await administer(t).deleteTopics({ topics: [queueName] })
    await refusal(using)
    t.match(using.health(), { ok: false, reason: /no topic/ })
    await eventually(() => making.publish(message()))
    await eventually(() => using.publish(message()))
  })

  void t.test('takes no more than it can remember', async t => {
    const driver = create(t)
    await driver.connect()
    const outcomes = messages(10_100).map(one => driver.publish(one))
    const settled = await Promise.allSettled(outcomes)
    const refused = settled.flatMap(outcome =>
      outcome.status === 'rejected' ? [outcome.reason as { code: string }] : [],
    )
    t.equal(refused.filter(({ code }) => code === 'ERR_QUEUE_OVERLOADED').length, 100)
  })

  void t.test('gives up on a broker that takes connections and never answers', async t => {
    const net = await proxy(t, { host, port })
    net.stall(true)
    const driver = create(t, { url: new URL(`kafka://127.0.0.1:${net.port}`), timeout: 300 })
    await t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE' })
    const connecting = t.rejects(driver.connect(), { code: 'ERR_QUEUE_UNAVAILABLE' })
    await driver.close()
    await connecting
    const other = create(t, {
      url: new URL(`kafka://127.0.0.1:${net.port}?brokers=${host}:${port}`),
      timeout: 1000,
    })
    await eventually(() => other.connect())
    t.equal(await other.publish(message()), 'accepted', 'asks another one next')
  })

  void t.test('TLS and passwords', { skip: withoutOpenssl }, async t => {
    const [[user, password]] = Object.entries(USERS) as [[string, string]]
    const { client: tls } = certificates as Certificates
    const url = (query: string, { secret = password, at = host } = {}) =>
      new URL(`kafkas://${user}:${encodeURIComponent(secret)}@${at}:${secure}${query}`)
    for (const query of ['', '?sasl=scram-sha-512']) {
      const { queueName } = options()
      const driver = create(t, { queueName, tls, url: url(query) })
      await driver.connect()
      t.equal(await driver.publish(message()), 'accepted')
      await kafkaDeny(t, `User:${user}`, queueName)
      t.match(await refusal(driver), { message: /AUTHORIZATION/ })
    }
    const refused: Record<string, Partial<BrokerOptions>> = {
      'a wrong password': { tls, url: url('', { secret: 'wrong' }) },
      'a wrong password by SCRAM': { tls, url: url('?sasl=scram-sha-512', { secret: 'wrong' }) },
      'another mechanism': { tls, url: url('?sasl=scram-sha-256') },
      'a certificate that nobody vouches for': { url: url('') },
      'a certificate of another host': { tls, url: url('', { at: 'localhost' }) },
      'no TLS where it is required': { url: new URL(`kafka://${host}:${secure}`) },
    }
    for (const [name, more] of Object.entries(refused)) {
      const driver = create(t, more)
      const told = await driver.connect().catch((error: unknown) => error as Error & { code: string })
      t.equal(told?.code, 'ERR_QUEUE_REFUSED', name)
      t.notMatch(told?.message, /wrong|p@ss/)
    }
    const anonymous = create(t, { tls: { ca: tls.ca }, url: url('') })
    await t.rejects(anonymous.connect(), 'no certificate of its own')
  })

  async function kafkaDeny(t: Test, principal: string, topic: string): Promise<void> {
    await administer(t).createAcls({ creations: [deny(principal, topic)] })
  }
}

/** Publishes until the queue refuses, which takes effect some time after it was told to. */
async function refusal(driver: QueueDriver): Promise<Error> {
  for (;;) {
    const error = await driver.publish(message()).catch((error: unknown) => error as Error & { code: string })
    if (error instanceof Error && error.code === 'ERR_QUEUE_REFUSED') return error
    await sleep(20)
  }
}

function deny(principal: string, resourceName: string) {
  return {
    resourceType: ResourceTypes.TOPIC,
    resourceName,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal,
    host: '*',
    operation: AclOperations.WRITE,
    permissionType: AclPermissionTypes.DENY,
  }
}
