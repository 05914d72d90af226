import { Redis } from 'ioredis'
import t from 'tap'
import { adviceFor, largestValue } from '../../../src/queue/drivers/redis-server.ts'
import { startRedis } from '../../brokers/redis.ts'

const server = await startRedis(t)

if (server !== null) {
  const client = new Redis({ ...server, protocol: 2, retryStrategy: null })
  t.teardown(() => client.disconnect())
  const set = (name: string, value: string) => client.config('SET', name, value)

  void t.test('warns where events can be lost', async t => {
    t.same(await adviceFor(client), [])
    await set('appendonly', 'no')
    await set('maxmemory-policy', 'allkeys-lru')
    const [persistence, eviction] = await adviceFor(client)
    t.match(persistence, /appendonly yes/)
    t.match(eviction, /noeviction \(it is allkeys-lru\)/)
  })

  void t.test('asks for the largest value', async t => {
    t.equal(await largestValue(client), 536_870_912)
    await set('proto-max-bulk-len', '2mb')
    t.equal(await largestValue(client), 2_097_152)
  })

  void t.test('does without what it may not ask, but not without a connection', async t => {
    await client.acl('SETUSER', 'limited', 'on', '>pass', '~*', '+@all', '-info', '-config')
    const limited = new Redis({ ...server, username: 'limited', password: 'pass', enableReadyCheck: false })
    await limited.ping()
    t.same(await adviceFor(limited), [])
    t.equal(await largestValue(limited), 536_870_912)
    limited.disconnect()
    await t.rejects(largestValue(limited))
  })
}
