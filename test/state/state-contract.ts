import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { StateLock } from '../../src/state/types.ts'
import { open, randomId, taken, type StateUnderTest } from './fixtures/backend.ts'
import { holderContract } from './holder-contract.ts'

/** What every kept state must do, wherever it is. */
export function stateContract(t: Test, state: StateUnderTest): void {
  void t.test('a record comes back byte for byte, for every replica', async t => {
    const projectId = randomId()
    const [one, other] = [await open(t, state, { projectId }), await open(t, state, { projectId })]
    t.equal(await one.read(), null)
    const { fence } = await taken(one)
    t.equal(await other.read(), null, 'a lock is no record')
    const records = {
      'no bytes': Buffer.alloc(0),
      'every byte': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      'what looks like text': Buffer.from('\\x00\n{"a":1}\n'),
      '1 MB': randomBytes(1_000_000),
      'fewer bytes': Buffer.from('short'),
    }
    for (const [name, record] of Object.entries(records)) {
      await one.write(record, fence)
      t.ok((await other.read())?.equals(record), name)
    }
  })

  void t.test('of many that want the lock exactly one has it, and fences only grow', async t => {
    const projectId = randomId()
    const replicas = await Promise.all(Array.from({ length: 4 }, () => open(t, state, { projectId })))
    const fences: number[] = []
    for (let round = 0; round < 5; round++) {
      const asked = Array.from({ length: 5 }, () => replicas.map(replica => replica.acquire(60_000)))
      const locks = (await Promise.all(asked.flat())).filter(lock => lock !== null)
      t.equal(locks.length, 1)
      fences.push(...locks.map(({ fence }) => fence))
      for (const lock of locks) await lock.release()
    }
    t.ok(fences.every(Number.isSafeInteger))
    t.same(
      fences,
      [...new Set(fences)].toSorted((a, b) => a - b),
    )
  })

  void t.test('only the present holder writes', async t => {
    const projectId = randomId()
    const [one, other] = [await open(t, state, { projectId }), await open(t, state, { projectId })]
    const refused = { code: 'ERR_STATE_FENCED', message: one.location }
    await t.rejects(one.write(Buffer.from('without a lock'), 1), refused)
    t.equal(await one.read(), null)
    const first = await taken(one)
    await one.write(Buffer.from('first'), first.fence)
    for (const fence of [0, -1, first.fence + 1, first.fence - 1])
      await t.rejects(one.write(Buffer.from('another fence'), fence), refused)
    await first.release()
    await t.rejects(one.write(Buffer.from('given back'), first.fence), refused)
    t.equal(await first.renew(60_000), false, 'what was given back is not renewed')
    t.same(await other.read(), Buffer.from('first'))

    const second = await taken(other)
    await first.release()
    t.equal(await one.acquire(60_000), null, 'a late release frees nobody else’s lock')
    await t.rejects(one.write(Buffer.from('late'), first.fence), refused)
    await one.write(Buffer.from('second'), second.fence)
    t.same(await one.read(), Buffer.from('second'), 'the fence counts, not the connection')
  })

  void t.test('a lease that has run out is over, whether somebody else took the lock or not', async t => {
    const projectId = randomId()
    const [one, other] = [await open(t, state, { projectId }), await open(t, state, { projectId })]
    const first = await taken(one, 100)
    await sleep(300)
    await t.rejects(one.write(Buffer.from('late'), first.fence), { code: 'ERR_STATE_FENCED' })
    t.equal(await first.renew(60_000), false)
    const second = await taken(other)
    t.ok(second.fence > first.fence)
    t.equal(await first.renew(60_000), false)
    await first.release()
    t.equal(await one.acquire(60_000), null)
    t.equal(await one.read(), null)
  })

  void t.test('a lease that is renewed lasts', async t => {
    const projectId = randomId()
    const [one, other] = [await open(t, state, { projectId }), await open(t, state, { projectId })]
    const lock = await taken(one, 3000)
    t.equal(await lock.renew(60_000), true)
    await sleep(3100)
    t.equal(await other.acquire(60_000), null)
    await one.write(Buffer.from('still'), lock.fence)
    t.equal(await lock.renew(1), true)
    await taken(other)
  })

  void t.test('projects of one store never see each other, whatever their ids', async t => {
    const unique = randomId()
    const ids = [
      'a.b',
      'a b',
      'a_b',
      'a*',
      'a>',
      'a',
      'A',
      'a=2eb',
      'a%2eb',
      '{a}',
      'é',
      'e\u0301',
      ':',
      '漢'.repeat(200),
    ]
    const projects = await Promise.all(
      ids.map(async id => ({ id, backend: await open(t, state, { projectId: `${unique}${id}` }) })),
    )
    for (const { id, backend } of projects) {
      const lock = await backend.acquire(60_000)
      t.ok(lock, id)
      await backend.write(Buffer.from(id), lock?.fence ?? 0)
      t.same(await backend.announce('member', id, 60_000), [id])
    }
    for (const { id, backend } of projects) t.equal(String(await backend.read()), id)
  })

  void t.test('replicas see who is there', async t => {
    const projectId = randomId()
    const [one, other] = [await open(t, state, { projectId }), await open(t, state, { projectId })]
    t.same(await one.announce('a.*', 'https://one.example', 60_000), ['https://one.example'])
    await one.announce('brief', 'https://brief.example', 1)
    await sleep(50)
    const both = await other.announce('b', 'two\n😀', 60_000)
    t.same(both.toSorted(), ['https://one.example', 'two\n😀'])
    t.same((await one.announce('a.*', 'new', 60_000)).toSorted(), ['new', 'two\n😀'])
    await other.withdraw('b')
    await other.withdraw('nobody')
    t.same(await one.announce('a.*', 'new', 60_000), ['new'])
    const many = Array.from({ length: 10 }, (_, n) => n)
    await Promise.all(many.map(n => (n % 2 ? one : other).announce(`m${n}`, `${n}`, 60_000)))
    t.equal((await one.announce('a.*', 'new', 60_000)).length, 11)
  })

  void t.test('a closed one does nothing more', async t => {
    const backend = await open(t, state)
    await Promise.all([backend.close(), backend.close()])
    await backend.close()
    const actions: (() => Promise<unknown>)[] = [
      () => backend.read(),
      () => backend.acquire(1000),
      () => backend.write(Buffer.from(''), 1),
      () => backend.announce('a', 'b', 1000),
      () => backend.withdraw('a'),
    ]
    for (const action of actions) await t.rejects(action(), { code: 'ERR_STATE_UNAVAILABLE' })
  })

  void t.test('a lock that is lost while it is renewed and written', async t => {
    const backend = await open(t, state)
    const lock: StateLock = await taken(backend)
    const outcomes = await Promise.all([
      lock.renew(60_000),
      backend.write(Buffer.from('a'), lock.fence),
      lock.renew(60_000),
      backend.write(Buffer.from('b'), lock.fence),
    ])
    t.same(
      outcomes,
      [true, undefined, true, undefined],
      'what the holder does at once does not disturb itself',
    )
    t.match(String(await backend.read()), /^[ab]$/)
  })

  holderContract(t, state)
}
