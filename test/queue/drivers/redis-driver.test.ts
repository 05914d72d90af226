import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createBullmqQueue } from '../../../src/queue/drivers/bullmq.ts'
import { createRedisQueue } from '../../../src/queue/drivers/redis.ts'
import type { BrokerOptions, QueueDriver } from '../../../src/queue/types.ts'
import { asked, startRedis } from '../../brokers/redis.ts'
import { proxy } from '../../brokers/proxy.ts'
import type { Server } from '../../brokers/server.ts'
import { eventually } from '../fixtures/faults.ts'
import { message, messages, messageWith } from '../fixtures/message.ts'
import { connected, redisOptions } from './fixtures/redis.ts'

const server = await startRedis(t)

const drivers: Record<string, (options: BrokerOptions) => QueueDriver> = {
  redis: createRedisQueue,
  bullmq: createBullmqQueue,
}

if (server !== null)
  for (const [scheme, create] of Object.entries(drivers)) {
    const url = `${scheme}://${server.host}:${server.port}`

    void t.test(`${scheme}: says that Redis is full, until it is not`, async t => {
      const driver = await connected(t, create(redisOptions(url)))
      const kept = message()
      await driver.publish(kept)
      await set(server, 'maxmemory', '1mb')
      t.teardown(() => set(server, 'maxmemory', '0'))
      const refused = message()
      await t.rejects(driver.publish(refused), { code: 'ERR_QUEUE_FULL' })
      t.match(driver.health(), { ok: false, reason: /maxmemory/ })
      await set(server, 'maxmemory', '0')
      t.equal(await driver.publish(refused), 'accepted', 'it left no trace')
      t.same(driver.health(), { ok: true })
    })

    void t.test(`${scheme}: takes no more than it can hold`, async t => {
      const driver = await connected(t, create(redisOptions(url, { timeout: 30_000 })))
      const taken = messages(10_000).map(one => driver.publish(one))
      await t.rejects(driver.publish(message()), { code: 'ERR_QUEUE_OVERLOADED', message: /10000 events/ })
      t.same(new Set(await Promise.all(taken)), new Set(['accepted']))
      const large = Array.from({ length: 70 }, (_, n) =>
        messageWith('room', `"${n}${'x'.repeat(1_000_000)}"`),
      )
      const outcomes = await Promise.allSettled(large.map(one => driver.publish(one)))
      const refused = outcomes.filter(({ status }) => status === 'rejected')
      t.match(refused, [{ reason: { code: 'ERR_QUEUE_OVERLOADED', message: /68 events/ } }, {}])
      t.equal(refused.length, 2)
      t.equal(await driver.publish(message()), 'accepted')
    })

    void t.test(`${scheme}: warns of a server that keeps nothing`, async t => {
      await set(server, 'appendonly', 'no')
      const options = redisOptions(url)
      await connected(t, create(options))
      t.match(options.logged, [['warn', /appendonly yes/]])
      await set(server, 'appendonly', 'yes')
    })

    void t.test(`${scheme}: publishes when the server forgot its scripts`, async t => {
      const driver = await connected(t, create(redisOptions(url)))
      await driver.publish(message())
      await asked(server, client => client.script('FLUSH'))
      t.equal(await eventually(() => driver.publish(message())), 'accepted')
    })

    void t.test(`${scheme}: keeps its connection when one answer is late and others come`, async t => {
      const net = await proxy(t, server)
      const timeout = 1_000
      const options = redisOptions(`${scheme}://127.0.0.1:${net.port}`, { timeout })
      const driver = await connected(t, create(options))
      net.lag(timeout / 2)
      const early = driver.publish(message())
      await sleep(timeout / 4)
      net.lag(timeout * 2)
      const late = driver.publish(message())
      t.equal(await early, 'accepted')
      await t.rejects(late, { code: 'ERR_QUEUE_UNAVAILABLE', message: /in time/ })
      t.same(options.logged, [], 'nothing is said of a connection that is lost')
    })

    void t.test(`${scheme}: gives up waiting when it is closed over a frozen server`, async t => {
      const driver = await connected(t, create(redisOptions(url, { timeout: 500 })))
      server.process?.pause()
      const [published] = await Promise.allSettled([driver.publish(message()), driver.close()])
      server.process?.resume()
      t.match(published, { status: 'rejected', reason: { code: 'ERR_QUEUE_UNAVAILABLE' } })
    })
  }

function set(server: Server, name: string, value: string): Promise<unknown> {
  return asked(server, client => client.config('SET', name, value))
}
