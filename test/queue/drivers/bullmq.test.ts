import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import t from 'tap'
import { createBullmqQueue } from '../../../src/queue/drivers/bullmq.ts'
import type { QueueMessage } from '../../../src/queue/types.ts'
import { asked, readBullmq, startRedis } from '../../brokers/redis.ts'
import { brokerContract } from '../broker-contract.ts'
import { message, messages } from '../fixtures/message.ts'
import { connected, redisOptions } from './fixtures/redis.ts'

const server = await startRedis(t, { args: ['--proto-max-bulk-len', '1mb'] })

if (server !== null)
  brokerContract(t, {
    server,
    create: createBullmqQueue,
    url: ({ host, port }) => new URL(`bullmq://${host}:${port}`),
    read: at => readBullmq(server, at),
    survivesKill: true,
    largest: 1_048_576,
    refusals: {
      'its list is something else': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: queueName =>
          asked(server, async client => {
            await client.del(`bull:${queueName}:wait`)
            await client.set(`bull:${queueName}:wait`, 'text')
          }),
      },
    },
  })

if (server !== null) {
  const rights = (may: string) =>
    asked(server, client => client.call('ACL', 'SETUSER', 'half', 'on', '>made', '~*', '+@all', may))
  const url = `bullmq://${server.host}:${server.port}`
  const connection = { host: server.host, port: server.port }

  void t.test('gives jobs that a worker takes, and tries again', async t => {
    const options = redisOptions(
      `${url}?prefix={own}&attempts=2&backoff=10&removeOnComplete=true&removeOnFail=10`,
    )
    const driver = await connected(t, createBullmqQueue(options))
    const sent = messages(3)
    for (const one of sent) await driver.publish(one)
    const seen: string[] = []
    const client = new Redis({ ...connection, maxRetriesPerRequest: null })
    t.teardown(() => client.disconnect())
    const done = Promise.withResolvers<void>()
    const worker = new Worker(
      options.queueName,
      async ({ id, name, data, attemptsMade }) => {
        seen.push(`${id} ${name} ${JSON.stringify(data)} ${attemptsMade}`)
        if (seen.length === 1) throw new Error('once')
        if (seen.length === 4) done.resolve()
      },
      { connection: client, prefix: '{own}' },
    )
    worker.on('error', () => {})
    await done.promise
    await worker.close()
    const [first, ...rest] = sent
    if (first === undefined) return
    t.equal(seen[0], line(first, 0))
    t.same(seen.toSorted(), [line(first, 0), line(first, 1), ...rest.map(one => line(one, 0))].toSorted())
    for (const one of sent) t.equal(await driver.publish(one), 'duplicate', 'although its job is gone')
  })

  void t.test('has an event once, whoever publishes it and when', async t => {
    const options = redisOptions(url)
    const drivers = await Promise.all([1, 2, 3].map(() => connected(t, createBullmqQueue(options))))
    const sent = messages(50)
    const outcomes = await Promise.all(sent.flatMap(one => drivers.map(driver => driver.publish(one))))
    t.equal(outcomes.filter(outcome => outcome === 'accepted').length, 50)
    t.equal((await readBullmq(server, { queueName: options.queueName, count: 50 })).length, 50)
  })

  void t.test('forgets no event over a job that was half made', async t => {
    const cases = {
      'its list is something else': {
        spoil: (list: string) => asked(server, client => client.set(list, 'text')),
        mend: (list: string) => asked(server, client => client.del(list)),
      },
      'it may not put it into its list': { spoil: () => rights('-lpush'), mend: () => rights('+lpush') },
    }
    await rights('+lpush')
    for (const [name, { spoil, mend }] of Object.entries(cases)) {
      const options = redisOptions(url.replace('//', '//half:made@'))
      const driver = await connected(t, createBullmqQueue(options))
      const list = `bull:${options.queueName}:wait`
      await spoil(list)
      const sent = message()
      const outcomes = await Promise.allSettled([sent, sent].map(one => driver.publish(one)))
      for (const outcome of outcomes) t.match(outcome, { status: 'rejected' }, name)
      await mend(list)
      t.equal(await driver.publish(sent), 'accepted', name)
      const [read] = await readBullmq(server, { queueName: options.queueName, count: 1 })
      t.ok(read?.body.equals(sent.body), name)
    }
  })

  void t.test('leaves a job that is there, whatever becomes of an event that comes again', async t => {
    const options = redisOptions(url)
    const driver = await connected(t, createBullmqQueue(options))
    const sent = message()
    await driver.publish(sent)
    const events = `bull:${options.queueName}:events`
    await asked(server, client => client.multi().del(events).set(events, 'text').exec())
    await t.rejects(driver.publish(sent), { code: 'ERR_QUEUE_REFUSED', message: /WRONGTYPE/ })
    const [read] = await readBullmq(server, { queueName: options.queueName, count: 1 })
    t.ok(read?.body.equals(sent.body))
  })

  void t.test('remembers an id as long as its job is there, when it is to remember none', async t => {
    const options = redisOptions(`${url}?backoff=0`, { dedupeWindow: 0 })
    const driver = await connected(t, createBullmqQueue(options))
    const sent = message()
    t.same(await Promise.all([sent, sent].map(one => driver.publish(one))), ['accepted', 'duplicate'])
    await asked(server, client => client.del(`bull:${options.queueName}:${sent.id}`))
    t.equal(await driver.publish(sent), 'accepted')
  })
}

function line({ id, type, body }: QueueMessage, attempt: number): string {
  return `${id} ${type} ${String(body)} ${attempt}`
}

void t.test('says what is wrong with its settings', async t => {
  const cases: Record<string, RegExp> = {
    'bullmq://host?attempts=0': /attempts must be a whole number/,
    'bullmq://host?prefix=%20': /prefix must be/,
    'bullmq://host?removeOnFail=never': /removeOnFail must be true, false or a whole number/,
    'bullmq://host?delay=1': /has no setting delay, only prefix, attempts/,
  }
  for (const [url, message] of Object.entries(cases))
    t.throws(() => createBullmqQueue(redisOptions(url)), { code: 'ERR_CONFIG', message }, url)
})
