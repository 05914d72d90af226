import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { packKeys } from '../../../src/queue/drivers/sqlite-batch.ts'
import { largeMessage, message, messages } from '../fixtures/message.ts'
import { attemptsOf, bodies, leasesOf, startEngine, texts, until } from './fixtures/engine.ts'

void t.test('commits together what has come together', async t => {
  const { add, ask, replies, reply } = startEngine(t)
  await reply('opened')
  const same = message()
  const results = await Promise.all([add(same, message()), add(same, same), ask({ kind: 'stats' })])
  t.same(results.slice(0, 2), [[], [0, 1]], 'the indices of duplicates')
  t.match(results[2], { waiting: 2 })
  t.equal(replies.filter(({ kind }) => kind === 'answers').length, 1, 'one transaction, one answer')
})

void t.test('does not let one transaction grow without end', async t => {
  const { add, ask, send, lastId, replies, reply } = startEngine(t)
  await reply('opened')
  const { packBatch } = await import('../../../src/queue/drivers/sqlite-batch.ts')
  const many = ask({ kind: 'enqueue', batch: packBatch([message()]), events: 5_000 })
  await Promise.all([many, add(message())])
  t.equal(replies.filter(({ kind }) => kind === 'answers').length, 2)
  send({ kind: 'cancel', id: lastId() })
})

void t.test('hands out in order, one per key, and counts deliveries', async t => {
  const { add, receive, ask } = startEngine(t)
  const sent = [message('a'), message('a'), message('b')]
  await add(...sent)
  const [a1, a2, b1] = bodies(sent)
  const first = await receive()
  t.same(texts(first), [a1, b1])
  t.same(attemptsOf(first), [1, 1])
  t.same(await receive(), [])
  t.match(await ask({ kind: 'stats' }), { waiting: 1, leased: 2 })
  const [leaseA = '', leaseB = ''] = leasesOf(first)
  t.same(await ask({ kind: 'release', leases: [leaseA] }), { settled: 1, expired: [] })
  const again = await receive()
  t.same(texts(again), [a1])
  t.same(attemptsOf(again), [1], 'given back uncounted')
  t.not(again[0]?.lease, leaseA, 'a new lease')
  const leases = [...leasesOf(again), leaseA, leaseB, leaseB, 'unknown']
  t.same(await ask({ kind: 'acknowledge', leases }), { settled: 2, expired: [leaseA, leaseB, 'unknown'] })
  t.same(texts(await receive()), [a2])
  t.match(await ask({ kind: 'stats' }), { waiting: 0, leased: 1 })
})

void t.test('ends a long poll with what comes', async t => {
  const { add, receive, ask, clock, close } = startEngine(t)
  const wait = 60_000
  const one = message('a')
  const forNew = receive(10, { wait })
  const second = receive(10, { wait })
  await ask({ kind: 'stats' })
  await add(one)
  const first = await forNew
  t.same(texts(first), bodies([one]), 'a new event, for the first that waited')
  await ask({ kind: 'release', leases: leasesOf(first) })
  t.same(texts(await second), bodies([one]), 'the event was given back')
  const forDelay = receive(10, { wait: 600_000, lease: 5_000 })
  t.same(await ask({ kind: 'reject', leases: leasesOf(await second), delay: 10_000, reason: 'no' }), {
    settled: 1,
    expired: [],
  })
  t.match(await ask({ kind: 'stats' }), { waiting: 0, delayed: 1 })
  clock.ahead += 10_000
  t.same(attemptsOf(await forDelay), [2], 'the delay is over')
  const forLease = receive(10, { wait: 600_000 })
  clock.ahead += 5_000
  t.same(attemptsOf(await forLease), [3], 'the lease has run out')
  const forNothing = receive(10, { wait: 30_000 })
  await ask({ kind: 'stats' })
  clock.ahead += 30_000
  t.same(await forNothing, [], 'the wait is over')
  const unended = receive(10, { wait })
  await close()
  t.same(await unended, [], 'the queue was closed')
})

void t.test('rests while nobody waits, although it has not looked at all of the queue', async t => {
  const { add, receive, clock } = startEngine(t)
  for (let count = 0; count < 11; count++) await add(...messages(1_000, 'a'))
  t.equal((await receive()).length, 1)
  let asked = 0
  const get = (): number => {
    asked++
    return 0
  }
  Object.defineProperty(clock, 'ahead', { get })
  const turns = 1_000
  for (let count = 0; count < turns; count++) await turn()
  t.ok(asked < turns, 'it has no turns of its own, which look at the clock')
})

void t.test('counts what is leased once, whatever the clock says of its delay', async t => {
  const { add, receive, ask, clock } = startEngine(t)
  await add(message('a'), message('b'))
  await ask({ kind: 'reject', leases: leasesOf(await receive(1)), delay: 1_000, reason: 'no' })
  clock.ahead += 2_000
  t.equal((await receive()).length, 2)
  clock.ahead -= 2_000
  t.match(await ask({ kind: 'stats' }), { waiting: 0, leased: 2, delayed: 0 })
})

void t.test('ends a long poll when its consumer goes away', async t => {
  const { receive, send, lastId } = startEngine(t)
  const [gone, goneId] = [receive(1, { wait: 600_000 }), lastId()]
  const stays = receive(1, { wait: 600_000 })
  send({ kind: 'cancel', id: goneId })
  t.same(await gone, [])
  send({ kind: 'cancel', id: goneId })
  send({ kind: 'cancel', id: lastId() })
  t.same(await stays, [])
})

void t.test('buries what is rejected too often', async t => {
  const { add, receive, ask } = startEngine(t, { maxAttempts: 2 })
  const sent = [message('a'), message('a')]
  await add(...sent)
  const reason = 'x'.repeat(2_000)
  for (const attempts of [1, 2]) {
    const received = await receive()
    t.same(attemptsOf(received), [attempts])
    await ask({ kind: 'reject', leases: leasesOf(received), delay: 0, reason })
  }
  const dead = await ask({ kind: 'dead', after: 0, limit: 10 })
  t.same(texts(dead), bodies(sent.slice(0, 1)))
  t.equal(dead[0]?.reason, 'x'.repeat(1_000))
  t.same(texts(await receive()), bodies(sent.slice(1)), 'the next of the key')
})

void t.test('buries what is never acknowledged', async t => {
  const { add, receive, ask, clock } = startEngine(t, { maxAttempts: 2 })
  const sent = [message('a'), message('a')]
  await add(...sent)
  for (const attempts of [1, 2]) {
    t.same(attemptsOf(await receive(10, { lease: 100, wait: 60_000 })), [attempts])
    clock.ahead += 100
  }
  t.same(texts(await receive(10, { wait: 60_000 })), bodies(sent.slice(1)), 'then the next of the key')
  t.match(await ask({ kind: 'dead', after: 0, limit: 10 }), [
    { seq: 1, attempts: 2, reason: 'lease expired' },
  ])
  t.same(await ask({ kind: 'redrive', seqs: undefined, limit: 10 }), { moved: 1, isMore: false })
  t.same(await ask({ kind: 'dead', after: 0, limit: 10 }), [])
  t.match(await ask({ kind: 'stats' }), { waiting: 1, leased: 1, dead: 0 })
})

void t.test('keeps attempts and delays across a restart, but no lease', async t => {
  const { file, add, receive, ask, close } = startEngine(t)
  await add(message('a'), message('b'), message('c'))
  const [a, b, c] = leasesOf(await receive())
  await ask({ kind: 'reject', leases: [a ?? ''], delay: 60_000, reason: 'later' })
  await ask({ kind: 'reject', leases: [b ?? ''], delay: 0, reason: 'again' })
  await close()
  const restarted = startEngine(t, { file })
  t.match(await restarted.ask({ kind: 'stats' }), { waiting: 2, delayed: 1 })
  t.same(attemptsOf(await restarted.receive()), [2, 1])
  t.same(await restarted.ask({ kind: 'acknowledge', leases: [c ?? ''] }), { settled: 0, expired: [c] })
  restarted.clock.ahead += 60_000
  t.same(attemptsOf(await restarted.receive(1, { wait: 60_000 })), [2])
})

void t.test('looks through a long queue before it says that there is nothing', async t => {
  const { add, receive } = startEngine(t)
  const last = message('b')
  await add(...messages(10_100, 'a'), last)
  t.equal((await receive(1)).length, 1)
  t.same(texts(await receive(1)), bodies([last]))
})

void t.test('hands out no more than fits into memory', async t => {
  const { add, receive } = startEngine(t)
  const keys = 'abcdefghijklmnopqrst'
  await add(...Array.from(keys, key => largeMessage(key, 1024 * 1024)))
  t.equal((await receive(100)).length, 16)
})

void t.test('gives the disk back while nothing happens', async t => {
  const { file, add, receive, ask } = startEngine(t, { dedupeWindow: 0 })
  const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`)
  await add(...keys.map(key => largeMessage(key, 20_000)))
  const full = (await ask({ kind: 'stats' })).bytes
  t.ok(full > 6_000_000)
  // More commands in one tick than count as quiet.
  await Promise.all(Array.from({ length: 200 }, () => ask({ kind: 'stats' })))
  await ask({ kind: 'acknowledge', leases: leasesOf(await receive(300)) })
  await until(() => statSync(file).size < 200_000 && statSync(`${file}-wal`).size === 0)
  t.ok((await ask({ kind: 'stats' })).bytes < 200_000)
})

void t.test('says what went wrong when a message has vanished, and lets go of the queue', async t => {
  const { file, add, receive, closed, reply } = startEngine(t)
  await add(message('a'), message('b'))
  t.equal((await receive(1)).length, 1)
  const other = new DatabaseSync(file)
  other.exec('DELETE FROM events_1')
  other.close()
  receive().catch(() => {})
  t.match(await reply('failed'), { failure: { kind: 'unavailable', reason: /vanished/ } })
  await closed
  t.ok(await startEngine(t, { file }).reply('opened'))
})

void t.test('fails everything when a commit fails for a reason that will not pass', async t => {
  const { file, add, reply, replies, closed } = startEngine(t)
  await add(message())
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  add(message()).catch(() => {})
  t.match(await reply('failed'), { failure: { kind: 'unavailable', reason: /locked/ } })
  await closed
  other.close()
  t.equal(replies.filter(({ kind }) => kind === 'answers').length, 1)
})

void t.test('knows an event of which it is told in the same turn', async t => {
  const { send, add, reply } = startEngine(t)
  await reply('opened')
  const one = message()
  send({ kind: 'remember', keys: packKeys([one]) })
  t.same(await add(one), [0])
})
