import type { Test } from 'tap'
import type { QueueDriver, QueueMessage } from '../../src/queue/types.ts'
import { message, messages } from './fixtures/message.ts'

/** A driver on an empty queue of its own, not connected yet. */
export type DriverUnderTest = {
  driver: QueueDriver
  /** Another driver on the same queue, as after a restart. */
  reopen: () => QueueDriver
  /** The next `count` messages that a consumer of the queue gets, in the order in which it gets them. */
  consume: (count: number) => Promise<Buffer[]>
}

export type ContractOptions = {
  /** Called once per test; what it opens it closes in `t.teardown`, the driver excepted. */
  open: (t: Test) => DriverUnderTest | Promise<DriverUnderTest>
}

/** What every queue driver must do, against its real engine. */
export function driverContract(t: Test, { open }: ContractOptions): void {
  const connected = async (t: Test): Promise<DriverUnderTest> => {
    const opened = await open(t)
    await opened.driver.connect()
    t.teardown(() => opened.driver.close())
    return opened
  }

  void t.test('takes nothing before it is connected, nor after it is closed', async t => {
    const { driver } = await open(t)
    const refused = { code: 'ERR_QUEUE_UNAVAILABLE', statusCode: 503 }
    t.match(driver.health(), { ok: false, reason: /./ })
    await t.rejects(driver.publish(message()), refused)
    await driver.connect()
    t.same(driver.health(), { ok: true })
    await driver.close()
    t.match(driver.health(), { ok: false, reason: /./ })
    await t.rejects(driver.publish(message()), refused)
  })

  void t.test('connects and closes as often as it is told to', async t => {
    const { driver } = await open(t)
    await driver.close()
    await Promise.all([driver.connect(), driver.connect()])
    await driver.connect()
    t.equal(await driver.publish(message()), 'accepted')
    await Promise.all([driver.close(), driver.close()])
    await driver.close()
  })

  void t.test('has a name', async t => {
    const { driver } = await open(t)
    t.match(driver.name, /^[a-z]+$/)
  })

  void t.test('keeps the bytes', async t => {
    const { driver, consume } = await connected(t)
    const pool = Buffer.from('before {"pooled":true} after')
    const cases: Record<string, Partial<QueueMessage>> = {
      'a part of a larger buffer': { body: pool.subarray(7, 22) },
      'text outside ASCII': { body: Buffer.from('{"data":"día 🎉 \\ud83d \\u0000"}') },
      'bytes that are not UTF-8': { body: Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]) },
      '700 kB': { body: Buffer.from(`{"data":"${'x'.repeat(700_000)}"}`) },
      'an empty key': { partitionKey: '' },
      'a key of any characters': { partitionKey: 'día 🎉 \u0000\n"\'; -- \ud83d' },
      'a long key': { partitionKey: 'k'.repeat(10_000) },
      'no timestamp': { timestamp: 0 },
      'an odd timestamp': { timestamp: -1.5e300 },
    }
    for (const [name, fields] of Object.entries(cases)) {
      const sent = { ...message(), ...fields }
      t.equal(await driver.publish(sent), 'accepted', name)
      const [received] = await consume(1)
      t.ok(received?.equals(sent.body), `${name}: the same bytes`)
    }
  })

  void t.test('may be given a buffer that is used again afterwards', async t => {
    const { driver, consume } = await connected(t)
    const sent = message()
    const expected = Buffer.from(sent.body)
    await driver.publish(sent)
    sent.body.fill(0)
    t.ok((await consume(1))[0]?.equals(expected))
  })

  void t.test('keeps the order within a key', async t => {
    const { driver, consume } = await connected(t)
    const rooms = ['a', 'b', 'c'].map(key => messages(40, key))
    const interleaved = Array.from({ length: 40 }, (_, index) => rooms.map(room => room[index])).flat()
    const sent = interleaved.filter(one => one !== undefined)
    // Most within one turn of the event loop, some after waiting.
    await Promise.all(sent.slice(0, 80).map(one => driver.publish(one)))
    for (const one of sent.slice(80)) await driver.publish(one)
    const received = (await consume(sent.length)).map(String)
    for (const room of rooms) {
      const expected = room.map(({ body }) => String(body))
      const order = received.filter(body => expected.includes(body))
      t.same(order, expected)
    }
  })

  void t.test('stores an event once', async t => {
    const { driver, reopen, consume } = await connected(t)
    const [first, second, third] = [message(), message(), message()]
    t.equal(await driver.publish(first), 'accepted')
    t.equal(await driver.publish({ ...first }), 'duplicate', 'later')
    const outcomes = await Promise.all([second, second, first, second].map(one => driver.publish(one)))
    t.same(outcomes, ['accepted', 'duplicate', 'duplicate', 'duplicate'], 'in one turn')
    await driver.close()
    const restarted = reopen()
    await restarted.connect()
    t.teardown(() => restarted.close())
    t.equal(await restarted.publish(first), 'duplicate', 'after a restart')
    t.equal(await restarted.publish(third), 'accepted')
    const received = (await consume(3)).map(String)
    t.same(
      received,
      [first, second, third].map(({ body }) => String(body)),
    )
    t.equal(await restarted.publish(first), 'duplicate', 'after it was consumed')
  })

  void t.test('counts what waits', async t => {
    const { driver } = await connected(t)
    t.match(await driver.stats(), { waiting: 0, leased: 0, delayed: 0, dead: 0 })
    await Promise.all(messages(3).map(one => driver.publish(one)))
    const stats = await driver.stats()
    t.match(stats, { waiting: 3, leased: 0, delayed: 0, dead: 0 })
    t.ok(stats.oldestAge >= 0)
    t.ok(stats.bytes >= 0)
  })

  void t.test('finishes what is in flight when it is closed', async t => {
    const { driver, reopen, consume } = await connected(t)
    const sent = messages(50)
    const outcomes = sent.map(one => driver.publish(one))
    await driver.close()
    t.same(new Set(await Promise.all(outcomes)), new Set(['accepted']))
    const restarted = reopen()
    await restarted.connect()
    t.teardown(() => restarted.close())
    t.same(
      (await consume(50)).map(String),
      sent.map(({ body }) => String(body)),
    )
  })
}
