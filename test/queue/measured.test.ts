import t from 'tap'
import { QueueFullError } from '../../src/errors.ts'
import { measured } from '../../src/queue/measured.ts'
import type { QueueDriver } from '../../src/queue/types.ts'
import { message } from './fixtures/message.ts'

/** A driver that does what it is told, behind a meter that remembers what it is told. */
function metered(publish: QueueDriver['publish']) {
  const told: [outcome: string, duration: number][] = []
  const calls: string[] = []
  let begun = 0
  const driver: QueueDriver = {
    name: 'some',
    deduplicates: true,
    connect: async () => void calls.push('connect'),
    health: () => ({ ok: false, reason: 'why' }),
    close: async () => void calls.push('close'),
    publish,
  }
  const meter = {
    started: () => void begun++,
    settled: (outcome: string, duration: number) => void told.push([outcome, duration]),
  }
  return { driver: measured(driver, meter), told, calls, begun: () => begun }
}

t.test('a publish is told of when it begins and when it is settled', async t => {
  const confirmed = Promise.withResolvers<'accepted'>()
  const { driver, told, begun } = metered(() => confirmed.promise)
  const before = performance.now()
  const publishing = driver.publish(message())
  t.equal(begun(), 1)
  t.same(told, [])
  confirmed.resolve('accepted')
  t.equal(await publishing, 'accepted')
  t.match(told, [['accepted', Number]])
  t.ok(Number(told[0]?.[1]) <= performance.now() - before)
})

t.test('failures are told of by their code, and pass', async t => {
  const cases: [error: unknown, outcome: string][] = [
    [new QueueFullError('x'), 'ERR_QUEUE_FULL'],
    [new Error('x'), ''],
    ['x', ''],
  ]
  for (const [error, outcome] of cases) {
    const { driver, told } = metered(async () => {
      throw error
    })
    const thrown: unknown = await driver.publish(message()).catch((caught: unknown) => caught)
    t.equal(thrown, error)
    t.match(told, [[outcome, Number]])
  }
})

t.test('all else is the driver itself', async t => {
  const { driver, calls } = metered(async () => 'duplicate')
  t.match(driver, { name: 'some', deduplicates: true })
  t.same(driver.health(), { ok: false, reason: 'why' })
  await driver.connect()
  await driver.close()
  t.same(calls, ['connect', 'close'])
})
