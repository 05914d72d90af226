import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createSqliteQueue } from '../../../src/queue/drivers/sqlite.ts'
import { driverContract } from '../driver-contract.ts'
import { largeMessage, message, messages } from '../fixtures/message.ts'
import { until } from './fixtures/engine.ts'
import { consume, open, options, silent } from './fixtures/open.ts'
import { directory } from './fixtures/directory.ts'

driverContract(t, {
  open(t) {
    const opened = options(t)
    let driver = createSqliteQueue(opened)
    return {
      driver,
      reopen: () => (driver = createSqliteQueue(opened)),
      consume: async count => (await consume(driver.consumer, count)).map(({ event }) => event),
    }
  },
})

void t.test('takes no more than it can hold while the disk is slow', async t => {
  for (const maxInFlight of [
    { events: 3, bytes: 1e9 },
    { events: 1e9, bytes: 250 },
  ]) {
    const queue = await open(t, { maxInFlight })
    const sent = Array.from({ length: 5 }, () => ({ ...message(), body: Buffer.alloc(100) }))
    const outcomes = await Promise.allSettled(sent.map(one => queue.publish(one)))
    const fulfilled = { status: 'fulfilled', value: 'accepted' }
    const refused = { status: 'rejected', reason: { code: 'ERR_QUEUE_OVERLOADED', statusCode: 503 } }
    t.match(outcomes.slice(0, 3), [fulfilled, fulfilled, fulfilled])
    t.match(outcomes.slice(3), [refused, refused])
    t.equal(await queue.publish(message()), 'accepted', 'once there is room')
  }
})

void t.test('stores while a turn of the event loop takes long, not only after it', async t => {
  const settings = options(t)
  const queue = createSqliteQueue(settings)
  t.teardown(() => queue.close())
  await queue.connect()
  const logged = () => statSync(`${settings.file}-wal`).size
  const before = logged()
  const published = Promise.all(messages(1_500).map(one => queue.publish(one)))
  const deadline = Date.now() + 20_000
  const pause = new Int32Array(new SharedArrayBuffer(4))
  while (logged() - before < 100_000 && Date.now() < deadline) Atomics.wait(pause, 0, 0, 5)
  t.ok(logged() - before >= 100_000, 'before the turn was over')
  t.equal((await published).length, 1_500)
  t.match(await queue.stats(), { waiting: 1_500 })
})

void t.test('answers for nothing whose commit failed', async t => {
  const queue = await open(t, { maxSize: 500_000 })
  const [first, second] = [largeMessage('a', 1_000), largeMessage('b', 1_000_000)]
  const refused = { status: 'rejected', reason: { code: 'ERR_QUEUE_FULL', statusCode: 503 } }
  t.match(await Promise.allSettled([first, second, first].map(one => queue.publish(one))), [
    refused,
    refused,
    refused,
  ])
  t.match(await queue.stats(), { waiting: 0 })
  await until(() => queue.health().ok)
  t.equal(await queue.publish(first), 'accepted')
})

void t.test('has one owner', async t => {
  const first = options(t)
  const [owner, other] = [createSqliteQueue(first), createSqliteQueue(first)]
  t.teardown(() => Promise.all([owner.close(), other.close()]))
  await owner.connect()
  await t.rejects(other.connect(), { code: 'ERR_QUEUE_LOCKED', statusCode: 503 })
  t.equal(await owner.publish(message()), 'accepted', 'which is not disturbed')
  await owner.close()
  await other.connect()
})

void t.test('leaves a file alone that it cannot read', async t => {
  const file = join(directory(t), 'queue.db')
  writeFileSync(file, 'not a database'.repeat(1_000))
  const queue = createSqliteQueue(options(t, { file }))
  await t.rejects(queue.connect(), { code: 'ERR_QUEUE_CORRUPT', statusCode: 503 })
  await queue.close()
  t.ok(readFileSync(file, 'utf8') === 'not a database'.repeat(1_000), 'unchanged')
})

void t.test('needs nothing but a place for its file', async t => {
  const queue = createSqliteQueue({ file: join(directory(t), 'queue.db'), dedupeWindow: 0, log: silent })
  t.teardown(() => queue.close())
  await queue.connect()
  const one = message()
  // The machine's disk may really be short of space.
  if (queue.health().ok)
    t.same([await queue.publish(one), await queue.publish(one)], ['accepted', 'accepted'])
  t.match(await queue.stats(), { dead: 0 })
})

void t.test('works in a thread of its own', async t => {
  const queue = createSqliteQueue(options(t))
  const before = openPorts()
  await queue.connect()
  t.ok(openPorts() > before)
  await queue.close()
  t.equal(openPorts(), before, 'which ends with it')
})

/** The ends of channels to other threads. */
function openPorts(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length
}
