import type { Test } from 'tap'
import type { QueueDriver } from '../../src/queue/types.ts'
import { message, messages, messageWith } from './fixtures/message.ts'

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
  /** The largest body that the engine takes, in bytes, when that is less than 700 kB. */
  largest?: number
}

/** What every queue driver must do, against its real engine. */
export function driverContract(t: Test, { open, largest = 700_000 }: ContractOptions): void {
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
    const small = message()
    const pool = Buffer.concat([Buffer.from('before '), small.body, Buffer.from(' after')])
    const cases = {
      'a part of a larger buffer': { ...small, body: pool.subarray(7, 7 + small.body.length) },
      'text outside ASCII': messageWith('room', '{"data":"día 🎉 \\ud83d \\u0000"}'),
      'numbers, escapes and spaces': messageWith('room', '{ "a":1.0, "b" :1E400,\r\n\t"c":"\\/\\u00e9é" }'),
      'a name like an attribute': messageWith('room', '{"id":"x","data":{"data":1},"type":",\\"data\\":"}'),
      'an empty event': messageWith('room', '{}'),
      'a big event': messageWith('room', `"${'x'.repeat(largest - 1000)}"`),
      'an empty key': message(''),
      'a key of any characters': message('día 🎉 \u0000\n"\'; -- \ud83d ,"data": > * . $'),
      'a long key': message('k'.repeat(10_000)),
      'no timestamp': { ...message(), timestamp: 0 },
      'an odd timestamp': { ...message(), timestamp: -1.5e300 },
    }
    for (const [name, sent] of Object.entries(cases)) {
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

  void t.test('stores an event once, where the engine remembers ids', async t => {
    const { driver, reopen, consume } = await connected(t)
    const again = driver.deduplicates ? 'duplicate' : 'accepted'
    const [first, second, third] = [message(), message(), message()]
    t.equal(await driver.publish(first), 'accepted')
    t.equal(await driver.publish({ ...first }), again, 'later')
    const outcomes = await Promise.all([second, second, first, second].map(one => driver.publish(one)))
    t.same(outcomes, ['accepted', again, again, again], 'in one turn')
    await driver.close()
    const restarted = reopen()
    await restarted.connect()
    t.teardown(() => restarted.close())
    t.equal(await restarted.publish(first), again, 'after a restart')
    t.equal(await restarted.publish(third), 'accepted')
    const expected = driver.deduplicates
      ? [first, second, third]
      : [first, first, second, second, first, second, first, third]
    const received = (await consume(expected.length)).map(String)
    t.same(
      received,
      expected.map(({ body }) => String(body)),
    )
    t.equal(await restarted.publish(first), again, 'after it was consumed')
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
