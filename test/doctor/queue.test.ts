import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { checkQueue } from '../../src/doctor/queue.ts'
import { queueFileOf, openQueue } from '../../src/open-queue.ts'
import { startRedis } from '../brokers/redis.ts'
import { freePort } from '../brokers/server.ts'
import { message } from '../queue/fixtures/message.ts'
import { unwatched } from '../queue/fixtures/unwatched.ts'
import { configured } from './harness.ts'
import { testDirectory } from '../fixtures/directory.ts'

const server = await startRedis(t)
const running = async () => true
const notRunning = async () => false

t.test('the embedded queue', async t => {
  const directory = testDirectory(t)
  const config = await configured({ DATA_DIR: directory })
  t.match(await checkQueue(config, running), { status: 'ok', detail: /running service has/ })
  t.match(await checkQueue(config, notRunning), { status: 'ok', detail: /does not exist yet/ })
  const queue = await openQueue(config, pino({ level: 'silent' }), unwatched)
  await queue.connect()
  await queue.publish(message())
  t.match(await checkQueue(config, notRunning), { status: 'ok', detail: /was not closed/ })
  await queue.close()
  t.match(await checkQueue(config, notRunning), { status: 'ok', detail: /: 1 waiting, 0 dead$/ })
  writeFileSync(queueFileOf(config), 'x'.repeat(5000))
  t.match(await checkQueue(config, notRunning), {
    status: 'wrong',
    detail: /cannot be read/,
    advice: /QUEUE_URL/,
  })
})

t.test('a broker that is away, or whose settings are wrong', async t => {
  const away = await configured({
    QUEUE_URL: `redis://u:hidden@127.0.0.1:${await freePort()}`,
    DATA_DIR: testDirectory(t),
  })
  const found = await checkQueue(away, notRunning)
  t.match(found, { status: 'wrong', detail: /ECONNREFUSED/ })
  const settings = await configured({
    QUEUE_URL: 'redis://u:hidden@localhost?nope=hidden',
    DATA_DIR: testDirectory(t),
  })
  const refused = await checkQueue(settings, notRunning)
  t.match(refused, { status: 'wrong', detail: /has no setting nope/ })
  t.notMatch(JSON.stringify([found, refused]), 'hidden')
})

t.test('a broker that answers', { skip: server === null && 'there is no redis' }, async t => {
  const QUEUE_URL = `redis://127.0.0.1:${server?.port}`
  const config = await configured({
    QUEUE_URL,
    QUEUE_NAME: 'some-events',
    DATA_DIR: join(testDirectory(t), 'data'),
  })
  t.same(await checkQueue(config, notRunning), {
    status: 'ok',
    detail: 'redis answers, and some-events can be used',
  })
})
