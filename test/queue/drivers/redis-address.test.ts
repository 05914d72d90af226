import t from 'tap'
import { addressOf } from '../../../src/queue/drivers/redis-address.ts'

void t.test('reads the address of a server', async t => {
  const tls = { ca: Buffer.from('ca') }
  const cases: Record<string, object> = {
    'redis://localhost': { host: 'localhost', port: 6379, db: 0 },
    'redis://localhost/': { host: 'localhost', port: 6379, db: 0 },
    'redis://[::1]:7000/12': { host: '::1', port: 7000, db: 12 },
    'redis://:p%40ss@host': { host: 'host', port: 6379, db: 0, password: 'p@ss' },
    'bullmq://us%3Aer:pass@host': { host: 'host', port: 6379, db: 0, username: 'us:er', password: 'pass' },
    'rediss://host': { host: 'host', port: 6379, db: 0, tls },
    'bullmqs://host:1': { host: 'host', port: 1, db: 0, tls },
  }
  for (const [url, expected] of Object.entries(cases))
    t.strictSame(addressOf(new URL(url), tls), expected, url)
})

void t.test('says what is wrong with one, without showing it', async t => {
  const cases: Record<string, RegExp> = {
    'redis://user:hunter2@host/events': /number of a database/,
    'redis://user:hunter2@host/1/2': /number of a database/,
    'redis:///1': /names no host/,
    'redis://user@host': /no password/,
    'redis://user:hunter2%ff@host': /percent-encoded/,
  }
  for (const [url, message] of Object.entries(cases)) {
    t.throws(() => addressOf(new URL(url), {}), { code: 'ERR_CONFIG', message }, url)
    try {
      addressOf(new URL(url), {})
    } catch (error) {
      t.notMatch(String(error), /hunter2/)
    }
  }
})
