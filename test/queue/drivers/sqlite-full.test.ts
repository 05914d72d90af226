import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { Store } from '../../../src/queue/drivers/sqlite-store.ts'
import { largeMessage, message } from '../fixtures/message.ts'
import { leasesOf, startEngine, until } from './fixtures/engine.ts'

const FULL = { code: 'ERR_QUEUE_FULL' }

void t.test('answers nobody whose transaction failed, but acknowledges', async t => {
  const { add, receive, ask } = startEngine(t, { maxSize: 1_000_000 })
  await add(message('a'))
  const leases = leasesOf(await receive())
  const [small, big] = [message('b'), largeMessage('c', 2_000_000)]
  const outcomes = await Promise.allSettled([add(small), add(big), ask({ kind: 'acknowledge', leases })])
  t.match(outcomes, [
    { status: 'rejected', reason: FULL },
    { status: 'rejected', reason: FULL },
    { status: 'fulfilled', value: { settled: 1 } },
  ])
  t.match(await ask({ kind: 'stats' }), { waiting: 0, leased: 0 })
  // It recovers by itself, and what failed was not remembered as seen.
  await until(() =>
    add(small).then(
      duplicates => duplicates.length === 0,
      () => false,
    ),
  )
  t.match(await ask({ kind: 'stats' }), { waiting: 1 })
})

void t.test('refuses events before the disk is full, and says so without traffic', async t => {
  const { add, receive, ask, disk, replies } = startEngine(t, { minFree: 1_000 })
  const refusals = () =>
    replies.filter(reply => reply.kind === 'refusing').map(({ failure }) => failure?.kind)
  await add(message('a'))
  disk.free = 999
  await until(() => refusals().length === 1)
  await t.rejects(add(message('b')), FULL)
  const leases = leasesOf(await receive())
  t.match(await ask({ kind: 'acknowledge', leases }), { settled: 1 }, 'an acknowledgement is taken')
  disk.free = 1_000
  await until(() => refusals().length === 2)
  t.same(refusals(), ['full', undefined])
  t.same(await add(message('b')), [])
})

void t.test('notices a full disk when it writes', async t => {
  const { add, disk, reply } = startEngine(t, { minFree: 1_000 })
  await reply('opened')
  disk.free = 0
  await t.rejects(add(message()), FULL)
  t.match(await reply('refusing'), { failure: { kind: 'full' } })
})

void t.test('gives up the ballast before it fails an acknowledgement, and makes it again', async t => {
  const { file, add, receive, ask, disk, clock } = startEngine(t, {
    maxSize: 1_000_000,
    minFree: 1_000,
    ballast: 5_000,
    maxAttempts: 1,
  })
  const ballast = `${file}.ballast`
  t.equal(statSync(ballast).size, 5_000)
  await add(largeMessage('a', 600_000))
  const leases = leasesOf(await receive(1, { lease: 10_000 }))
  // The copy among the dead does not fit beside the original, not even with the ballast's room.
  disk.free = 1_500
  await t.rejects(ask({ kind: 'reject', leases, delay: 0, reason: 'no' }), FULL)
  t.notOk(existsSync(ballast))
  t.match(await ask({ kind: 'stats' }), { leased: 1, dead: 0 }, 'still leased')
  clock.ahead += 10_000
  await t.rejects(add(message('b')), FULL, 'nor can it be buried when its lease runs out')
  t.match(await ask({ kind: 'stats' }), { leased: 1, dead: 0 })
  t.match(await ask({ kind: 'acknowledge', leases }), { settled: 1 })
  t.notOk(existsSync(ballast), 'there is no room for it yet')
  disk.free = 6_000
  await until(() => existsSync(ballast))
  t.same(await add(message('c')), [])
})

void t.test('gives up the ballast to open', async t => {
  const { file, close } = startEngine(t, { ballast: 5_000 })
  await close()
  const newer = new DatabaseSync(file)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  const refused = startEngine(t, { file })
  t.match(await refused.reply('failed'), { failure: { kind: 'unavailable' } })
  t.notOk(existsSync(`${file}.ballast`))
  await refused.closed
  const again = startEngine(t, { file })
  t.match(await again.reply('failed'), { failure: { kind: 'unavailable' } }, 'without any the same')
})

void t.test('is not opened where the log has no room for its index', async t => {
  const { file, close } = startEngine(t, { ballast: 5_000 })
  await close()
  const full = startEngine(t, { file, freeBytes: () => 0 })
  t.match(await full.reply('failed'), { failure: { kind: 'full' } })
  t.notOk(existsSync(`${file}.ballast`))
  await full.closed
  const again = startEngine(t, { file })
  await again.reply('opened')
})

void t.test('takes events again once those that filled the disk are gone', async t => {
  const { file, add, receive, ask, disk } = startEngine(t, { minFree: 1_000_000, dedupeWindow: 0 })
  disk.freeBytes = () => 3_000_000 - statSync(file).size - statSync(`${file}-wal`).size
  const isTaken = () =>
    add(largeMessage('a', 100_000)).then(
      () => true,
      () => false,
    )
  await until(async () => !(await isTaken()))
  await until(async () => {
    const received = await receive()
    await ask({ kind: 'acknowledge', leases: leasesOf(received) })
    return received.length === 0
  })
  await until(isTaken)
  t.match(await ask({ kind: 'stats' }), { waiting: 1 })
})

const throwing = (errcode: number) => ({
  value: () => {
    throw Object.assign(new Error(`SQLite says ${errcode}`), { errcode })
  },
})

void t.test('gives up the ballast to give space back, even if that is not enough', async t => {
  const { file, reply, add } = startEngine(t, { ballast: 5_000 })
  await reply('opened')
  t.intercept(Store.prototype, 'checkpoint', throwing(13))
  await until(() => !existsSync(`${file}.ballast`))
  t.intercept(Store.prototype, 'checkpoint', { value: () => {} })
  await until(() => existsSync(`${file}.ballast`))
  t.same(await add(message()), [])
})

void t.test('ends when it cannot give space back for another reason', async t => {
  const { reply, closed } = startEngine(t)
  t.intercept(Store.prototype, 'checkpoint', throwing(10))
  t.match(await reply('failed'), { failure: { kind: 'unavailable', reason: 'SQLite says 10' } })
  await closed
})
