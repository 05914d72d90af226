import t from 'tap'
import { packLeases } from '../../../src/queue/drivers/sqlite-batch.ts'
import type { SqliteClient } from '../../../src/queue/drivers/sqlite-client.ts'
import { createConsumer } from '../../../src/queue/drivers/sqlite-consumer.ts'
import { largeMessage, message, messages } from '../fixtures/message.ts'
import { bodies, leasesOf, texts } from './fixtures/engine.ts'
import { open } from './fixtures/open.ts'

const NOW = { max: 10, wait: 0, lease: 60_000 }

void t.test('receives, gives back, rejects, acknowledges', async t => {
  const queue = await open(t)
  const sent = [message('a'), message('b')]
  for (const one of sent) await queue.publish(one)
  const received = await queue.consumer.receive(NOW)
  t.same(texts(received), bodies(sent))
  t.ok(Buffer.isBuffer(received[0]?.event))
  const [first = '', second = ''] = leasesOf(received)
  t.same(await queue.consumer.release([first]), { settled: 1, expired: [] })
  t.same(await queue.consumer.reject([second], { delay: 60_000 }), { settled: 1, expired: [] })
  t.match(await queue.stats(), { waiting: 1, delayed: 1 })
  const again = await queue.consumer.receive(NOW)
  t.same(texts(again), bodies(sent.slice(0, 1)))
  t.same(await queue.consumer.acknowledge(leasesOf(again)), { settled: 1, expired: [] })
})

void t.test('shows dead letters and puts them back', async t => {
  const queue = await open(t, { maxAttempts: 1 })
  const sent = messages(3, 'a')
  const reasons = ['broken', undefined, 'x'.repeat(2_000)]
  for (const [index, one] of sent.entries()) {
    await queue.publish(one)
    const reason = reasons[index]
    const leases = leasesOf(await queue.consumer.receive(NOW))
    await queue.consumer.reject(leases, reason === undefined ? { delay: 0 } : { delay: 0, reason })
  }
  const dead = await queue.consumer.dead({ after: 0, limit: 10 })
  t.same(texts(dead), bodies(sent))
  t.ok(Buffer.isBuffer(dead[0]?.event))
  t.same(
    dead.map(({ reason }) => reason),
    ['broken', 'rejected', 'x'.repeat(1_000)],
  )
  t.equal((await queue.consumer.dead({ after: dead[0]?.seq ?? 0, limit: 1 }))[0]?.seq, dead[1]?.seq)
  t.equal(await queue.consumer.redrive([dead[1]?.seq ?? 0, 999]), 1)
  t.equal(await queue.consumer.redrive([]), 0)
  t.match(await queue.stats(), { waiting: 1, dead: 2 })
  t.equal(await queue.consumer.redrive(), 2)
  t.match(await queue.stats(), { waiting: 3, dead: 0 })
  const [next] = await queue.consumer.receive(NOW)
  t.equal(next?.event.toString(), bodies(sent)[1])
  t.equal(next?.attempts, 1)
})

void t.test('puts back more dead letters than one transaction takes', async t => {
  const queue = await open(t, { maxAttempts: 1 })
  const keys = Array.from({ length: 2_001 }, (_, index) => `key ${index}`)
  const bury = async () => {
    const received = await queue.consumer.receive({ ...NOW, max: 5_000, wait: 1 })
    await queue.consumer.reject(leasesOf(received), { delay: 0 })
  }
  await Promise.all(keys.map(key => queue.publish(message(key))))
  await bury()
  t.match(await queue.stats(), { waiting: 0, dead: 2_001 })
  t.equal(await queue.consumer.redrive(), 2_001)
  await bury()
  const dead = await queue.consumer.dead({ after: 0, limit: 5_000 })
  t.equal(await queue.consumer.redrive(dead.map(({ seq }) => seq)), 2_001)
  t.match(await queue.stats(), { waiting: 2_001, dead: 0 })
})

void t.test('puts back large dead letters, all or those that are named', async t => {
  const queue = await open(t, { maxAttempts: 1 })
  for (const key of 'abcdef') await queue.publish(largeMessage(key, 2 ** 20))
  for (const isNamed of [false, true]) {
    await queue.consumer.reject(leasesOf(await queue.consumer.receive(NOW)), { delay: 0 })
    const dead = await queue.consumer.dead({ after: 0, limit: 10 })
    t.equal(await queue.consumer.redrive(isNamed ? dead.map(({ seq }) => seq) : undefined), 6)
    t.match(await queue.stats(), { waiting: 6, dead: 0 })
  }
})

void t.test('gives back what comes for a consumer that has gone away', async t => {
  const queue = await open(t)
  await queue.publish(message())
  const [before, meanwhile, waiting] = [new AbortController(), new AbortController(), new AbortController()]
  before.abort()
  t.same(await queue.consumer.receive({ ...NOW, signal: before.signal }), [])
  const asked = queue.consumer.receive({ ...NOW, signal: meanwhile.signal })
  meanwhile.abort()
  t.same(await asked, [])
  t.match(await queue.stats(), { waiting: 1, leased: 0 })
  const [received] = await queue.consumer.receive({ ...NOW, signal: waiting.signal })
  t.equal(received?.attempts, 1, 'uncounted')
  const unended = queue.consumer.receive({ ...NOW, wait: 60_000, signal: waiting.signal })
  await queue.stats()
  waiting.abort()
  t.same(await unended, [])
})

void t.test('a consumer that goes away while the queue closes is no failure', async t => {
  const queue = await open(t)
  const waiting = new AbortController()
  const unended = queue.consumer.receive({ ...NOW, wait: 60_000, signal: waiting.signal })
  await queue.stats()
  waiting.abort()
  const closed = queue.close()
  t.same(await unended, [])
  await closed
})

void t.test('what was on its way when the consumer went away is given back', async t => {
  const gone = new AbortController()
  const asked: { kind: string; leases?: string[] }[] = []
  const client = {
    async call(request: { kind: string; leases?: string[] }) {
      asked.push(request)
      gone.abort()
      return packLeases([{ lease: 'token', attempts: 1, event: new Uint8Array() }])
    },
  }
  const consumer = createConsumer(client as unknown as SqliteClient, 1_000)
  t.same(await consumer.receive({ ...NOW, signal: gone.signal }), [])
  t.match(asked, [{ kind: 'receive' }, { kind: 'release', leases: ['token'] }])
})
