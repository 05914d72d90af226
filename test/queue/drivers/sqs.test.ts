import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
} from '@aws-sdk/client-sqs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createSqsQueue } from '../../../src/queue/drivers/sqs.ts'
import type { BrokerOptions } from '../../../src/queue/types.ts'
import { readSqs, sqsClient, startSqs } from '../../brokers/sqs.ts'
import { brokerContract } from '../broker-contract.ts'
import { brokerOptions } from '../fixtures/broker-options.ts'
import { eventually } from '../fixtures/faults.ts'
import { message, messages } from '../fixtures/message.ts'

function driverOf(t: Test, url: string, more: Partial<BrokerOptions> = {}) {
  const driver = createSqsQueue(brokerOptions(url, { timeout: 2000, ...more }))
  t.teardown(() => driver.close())
  return driver
}

const name = () => `test-${crypto.randomUUID()}`
const texts = (all: { body: Buffer }[]) => all.map(({ body }) => String(body))

const server = await startSqs(t)
if (server) {
  const { host, port } = server
  const url = `sqs://us-east-1?endpoint=http://${host}:${port}`

  brokerContract(t, {
    server,
    create: createSqsQueue,
    url: ({ host, port }) => new URL(`sqs://us-east-1?endpoint=http://${host}:${port}`),
    read: at => readSqs(server, at),
    omits: ['subject', 'datacontenttype', 'traceparent', 'tracestate'],
    survivesKill: true,
    largest: 1_048_576,
  })

  const client = (t: Test) => {
    const client = sqsClient(server)
    t.teardown(() => client.destroy())
    return client
  }

  void t.test('a FIFO queue keeps the order of each key, and stores an event once', async t => {
    const queueName = `${name()}.fifo`
    const driver = driverOf(t, url, { queueName })
    await driver.connect()
    const sent = ['room', 'día 🎉', ''].map(key => messages(25, key))
    const mixed = messages(25).flatMap((_, index) => sent.map(room => room[index] ?? message()))
    await Promise.all(mixed.map(one => driver.publish(one)))
    await Promise.all(mixed.map(one => driver.publish(one)))
    const received = texts(await readSqs(server, { queueName, count: 75 }))
    t.equal(received.length, 75)
    for (const room of sent)
      t.same(
        received.filter(body => texts(room).includes(body)),
        texts(room),
      )
  })

  void t.test('makes the queue with what it needs, and leaves one that is there as it is', async t => {
    const [queueName, other] = [`${name()}.fifo`, name()]
    await driverOf(t, url, { queueName }).connect()
    const sqs = client(t)
    const attributes = async (QueueName: string) => {
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
      const asked = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
      return asked.Attributes
    }
    t.match(await attributes(queueName), { FifoQueue: 'true', MessageRetentionPeriod: '1209600' })
    const Attributes = { MaximumMessageSize: '2000', MessageRetentionPeriod: '60' }
    await sqs.send(new CreateQueueCommand({ QueueName: other, Attributes }))
    const driver = driverOf(t, url, { queueName: other })
    await driver.connect()
    t.match(await attributes(other), { MessageRetentionPeriod: '60' })
    const large = message('room', 'x'.repeat(2000))
    await t.rejects(driver.publish(large), { code: 'ERR_MESSAGE_REFUSED', message: /takes 2000/ })
    t.same(await Promise.all(messages(5).map(one => driver.publish(one))), Array(5).fill('accepted'))
  })

  void t.test("takes a queue's own URL", async t => {
    const queueName = name()
    const own = `http://${host}:${port}/000000000000/${queueName}?region=us-east-1`
    await t.rejects(driverOf(t, own, { ensure: false }).connect(), {
      code: 'ERR_QUEUE_REFUSED',
      message: new RegExp(queueName),
    })
    const driver = driverOf(t, own, { queueName: 'another' })
    await driver.connect()
    const sent = message()
    await driver.publish(sent)
    t.same(texts(await readSqs(server, { queueName, count: 1 })), texts([sent]))
  })

  void t.test('a queue that somebody deletes', async t => {
    const queueName = name()
    const making = driverOf(t, url, { queueName })
    await making.connect()
    const using = driverOf(t, url, { queueName, ensure: false })
    await using.connect()
    const sqs = client(t)
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }))
    await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    await t.rejects(using.publish(message()), { code: 'ERR_QUEUE_REFUSED', message: /no such queue/ })
    t.match(using.health(), { ok: false, reason: /no such queue/ })
    await eventually(() => making.publish(message()))
    await eventually(() => using.publish(message()))
  })
}

/** What fauxqs has no notion of, credentials, limits and failures of single entries, is answered as AWS documents it. */
async function answering(t: Test, answers: Record<string, { __type?: string; [name: string]: unknown }>) {
  const http = createServer((request, response) => {
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
    const answer = answers[action] ?? {}
    request.resume().on('end', () => {
      response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(answer))
    })
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => {
    http.closeAllConnections()
    http.close()
  })
  process.env.AWS_ACCESS_KEY_ID ??= 'test'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test'
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

void t.test('the answers of the service', async t => {
  const QueueUrl = 'http://sqs/1/q'
  const answers: Record<string, { __type?: string; [name: string]: unknown }> = {
    GetQueueUrl: { QueueUrl },
    GetQueueAttributes: { __type: 'com.amazonaws.sqs#AccessDeniedException', message: 'secret' },
    SendMessageBatch: { Successful: [], Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false }] },
  }
  const driver = driverOf(t, `sqs://us-east-1?endpoint=${await answering(t, answers)}`)
  await driver.connect()
  await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE', message: /InternalError/ })
  answers.SendMessageBatch = { Failed: [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }] }
  await t.rejects(driver.publish(message()), { code: 'ERR_MESSAGE_REFUSED' })
  answers.SendMessageBatch = {}
  await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE', message: /every event/ })
  answers.SendMessageBatch = { __type: 'com.amazonaws.sqs#BatchRequestTooLong', message: 'larger' }
  await t.rejects(driver.publish(message()), { code: 'ERR_MESSAGE_REFUSED' })
  t.same(driver.health(), { ok: true }, 'one event is not the queue')
  answers.SendMessageBatch = { __type: 'com.amazonaws.sqs#RequestThrottled', message: 'slowly' }
  await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_UNAVAILABLE', message: /RequestThrottled/ })
  t.same(driver.health(), { ok: true }, 'busy is not away')
  answers.SendMessageBatch = { __type: 'com.amazonaws.sqs#AccessDenied', message: 'secret' }
  await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_REFUSED', message: /sqs:SendMessage/ })
  answers.GetQueueUrl = { __type: 'com.amazonaws.sqs#AccessDenied', message: 'secret' }
  const denied = driverOf(t, `sqs://us-east-1?endpoint=${await answering(t, answers)}`)
  await t.rejects(denied.connect(), { code: 'ERR_QUEUE_REFUSED', message: /^((?!secret).)*$/ })
  answers.GetQueueUrl = { QueueUrl }
  answers.GetQueueAttributes = { __type: 'com.amazonaws.sqs#InternalFailure', message: '' }
  const failing = driverOf(t, `sqs://us-east-1?endpoint=${await answering(t, answers)}`)
  await t.rejects(failing.connect(), { code: 'ERR_QUEUE_UNAVAILABLE' })
  answers.GetQueueAttributes = {}
  await failing.connect()
})

void t.test('takes no more than it can remember', async t => {
  const answers = {
    GetQueueUrl: { QueueUrl: 'http://sqs/1/q' },
    SendMessageBatch: { __type: 'x#AccessDenied', message: '' },
  }
  const driver = driverOf(t, `sqs://us-east-1?endpoint=${await answering(t, answers)}`)
  await driver.connect()
  const settled = await Promise.allSettled(messages(10_100).map(one => driver.publish(one)))
  const codes = settled.map(outcome =>
    outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : '',
  )
  t.same(new Set(codes.slice(0, 10_000)), new Set(['ERR_QUEUE_REFUSED']))
  t.same(new Set(codes.slice(10_000)), new Set(['ERR_QUEUE_OVERLOADED']))
})
