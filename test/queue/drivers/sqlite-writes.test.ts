import { join } from 'node:path'
import type { Test } from 'tap'
import t from 'tap'
import { packBatch } from '../../../src/queue/drivers/sqlite-batch.ts'
import { Leases } from '../../../src/queue/drivers/sqlite-leases.ts'
import type { Write } from '../../../src/queue/drivers/sqlite-protocol.ts'
import { Store } from '../../../src/queue/drivers/sqlite-store.ts'
import { commit } from '../../../src/queue/drivers/sqlite-writes.ts'
import { message } from '../fixtures/message.ts'
import { directory } from './fixtures/directory.ts'

function open(t: Test) {
  const clock = { now: 1_000 }
  const file = join(directory(t), 'queue.db')
  const store = new Store({ file, dedupeWindow: 0, maxAttempts: 5, maxSize: Infinity })
  t.teardown(() => store.close())
  let tokens = 0
  const leases = new Leases(store.events, { now: () => clock.now, newToken: () => `token ${++tokens}` })
  const write = (...writes: Write[]) => commit(writes, store, leases, clock.now)
  write({ kind: 'enqueue', id: 1, batch: packBatch([message()]), events: 1 })
  return { clock, store, leases, write }
}

void t.test('takes an acknowledgement that came late but first', async t => {
  const { clock, leases, write } = open(t)
  t.equal(leases.next(100)?.token, 'token 1')
  clock.now += 100
  const answers = write({ kind: 'acknowledge', id: 2, leases: ['token 1'] })
  t.same(answers, [{ id: 2, value: { settled: 1, expired: [] } }])
  t.equal(leases.next(100), undefined)
})

void t.test('takes none once the lease has been taken back', async t => {
  const { clock, leases, write, store } = open(t)
  leases.next(100)
  clock.now += 100
  t.same(write(), [])
  t.equal(store.events.read(1).attempts, 1)
  const answers = write({ kind: 'acknowledge', id: 2, leases: ['token 1'] })
  t.same(answers, [{ id: 2, value: { settled: 0, expired: ['token 1'] } }])
  t.equal(leases.next(100)?.seq, 1)
})

void t.test('settles a lease once, by the first that names it', async t => {
  const { leases, write, store } = open(t)
  leases.next(100)
  const answers = write(
    { kind: 'release', id: 2, leases: ['token 1'] },
    { kind: 'acknowledge', id: 3, leases: ['token 1'] },
    { kind: 'reject', id: 4, leases: ['token 1'], delay: 0, reason: 'no' },
  )
  t.same(answers, [
    { id: 2, value: { settled: 1, expired: [] } },
    { id: 3, value: { settled: 0, expired: ['token 1'] } },
    { id: 4, value: { settled: 0, expired: ['token 1'] } },
  ])
  t.equal(store.events.read(1).attempts, 0)
  t.equal(leases.next(100)?.seq, 1)
})

void t.test('changes no lease when the commit fails', async t => {
  const { clock, leases, write, store } = open(t)
  leases.next(100)
  clock.now += 100
  store.transaction = () => {
    throw new Error('no disk')
  }
  t.throws(() => write({ kind: 'acknowledge', id: 2, leases: ['token 1'] }), { message: 'no disk' })
  t.throws(() => write(), { message: 'no disk' })
  t.equal(leases.find('token 1'), 1)
  t.equal(leases.next(100), undefined)
})
