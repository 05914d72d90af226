import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createRedisQueue } from '../../../src/queue/drivers/redis.ts'
import { asked, readRedis, startRedis } from '../../brokers/redis.ts'
import { brokerContract } from '../broker-contract.ts'
import { message, messages } from '../fixtures/message.ts'
import { connected, redisOptions } from './fixtures/redis.ts'

const server = await startRedis(t, { args: ['--proto-max-bulk-len', '1mb'] })

if (server !== null)
  brokerContract(t, {
    server,
    create: createRedisQueue,
    url: ({ host, port }) => new URL(`redis://${host}:${port}`),
    read: at => readRedis(server, at),
    survivesKill: true,
    largest: 1_048_576,
    refusals: {
      'something else has the name of the stream': {
        code: 'ERR_QUEUE_REFUSED',
        refuse: queueName =>
          asked(server, async client => {
            await client.del(queueName)
            await client.set(queueName, 'text')
          }),
      },
    },
  })

if (server !== null) {
  const url = `redis://${server.host}:${server.port}`

  void t.test('keeps so many entries', async t => {
    const options = redisOptions(`${url}?maxlen=5&trim=exact`)
    const driver = await connected(t, createRedisQueue(options))
    const sent = messages(12)
    for (const one of sent) await driver.publish(one)
    const kept = await readRedis(server, { queueName: options.queueName, count: 5 })
    t.same(
      kept.map(({ body }) => String(body)),
      sent.slice(-5).map(({ body }) => String(body)),
    )
    const roughly = redisOptions(`${url}?maxlen=100`)
    const other = await connected(t, createRedisQueue(roughly))
    await Promise.all(messages(1_000).map(one => other.publish(one)))
    const length = await asked(server, client => client.xlen(roughly.queueName))
    t.ok(length >= 100 && length < 300, `${length}`)
  })

  void t.test('remembers an id for so long', async t => {
    const options = redisOptions(url, { dedupeWindow: 150 })
    const driver = await connected(t, createRedisQueue(options))
    const sent = message()
    t.equal(await driver.publish(sent), 'accepted')
    const key = `{${options.queueName}}:id:${sent.id}`
    const left = await asked(server, client => client.pttl(key))
    t.ok(left <= 150, `${left}`)
    await asked(server, async client => {
      while ((await client.exists(key)) === 1) await sleep(20)
    })
    t.equal(await driver.publish(sent), 'accepted')
  })

  void t.test('remembers none', async t => {
    const driver = await connected(t, createRedisQueue(redisOptions(url, { dedupeWindow: 0 })))
    const sent = message()
    t.notOk(driver.deduplicates)
    t.same(await Promise.all([sent, sent].map(one => driver.publish(one))), ['accepted', 'accepted'])
  })

  void t.test('does not create a stream that was deleted, when it may not', async t => {
    const options = redisOptions(url)
    await connected(t, createRedisQueue(options))
    const driver = await connected(t, createRedisQueue({ ...options, ensure: false }))
    await asked(server, client => client.del(options.queueName))
    const sent = message()
    const refused = { code: 'ERR_QUEUE_REFUSED', message: new RegExp(options.queueName) }
    await t.rejects(driver.publish(sent), refused)
    await asked(server, client => client.xgroup('CREATE', options.queueName, 'group', '$', 'MKSTREAM'))
    t.equal(await driver.publish(sent), 'accepted')
  })

  void t.test('forgets no event over an id, when it could not be stored', async t => {
    const options = redisOptions(url)
    const driver = await connected(t, createRedisQueue(options))
    await asked(server, client => client.multi().del(options.queueName).set(options.queueName, 'text').exec())
    const sent = message()
    await t.rejects(driver.publish(sent), { code: 'ERR_QUEUE_REFUSED' })
    await asked(server, client => client.del(options.queueName))
    t.equal(await driver.publish(sent), 'accepted')
  })
}

void t.test('says what is wrong with its settings', async t => {
  const cases: Record<string, RegExp> = {
    'redis://host?maxlen=0': /maxlen must be a whole number/,
    'redis://host?trim=some': /trim must be approximate or exact/,
    'redis://host?max=1': /has no setting max, only maxlen, trim/,
    'redis://host/events': /number of a database/,
  }
  for (const [url, message] of Object.entries(cases))
    t.throws(() => createRedisQueue(redisOptions(url)), { code: 'ERR_CONFIG', message }, url)
})
