import t from 'tap'
import { leasesOn } from './fixtures/rows.ts'

void t.test('leases one message per key at a time, in order', async t => {
  const { take, finish, add, leases } = leasesOn('aabacb')
  t.equal(take(), 'a1 b3 c5')
  t.equal(take(), '', 'every key is taken')
  t.same(leases.leased, new Set([1, 3, 5]))
  finish(1)
  t.equal(take(), 'a2')
  finish(5)
  t.equal(take(), '', 'c has no more')
  add('cab')
  t.equal(take(), 'c7')
  finish(3)
  finish(2)
  t.equal(take(), 'b6 a4')
  finish(4)
  t.equal(take(1), 'a8')
})

void t.test('leases no more than asked for', async t => {
  const { take } = leasesOn('abcd')
  t.equal(take(2), 'a1 b2')
  t.equal(take(1), 'c3')
  t.equal(take(5), 'd4')
})

void t.test('gives a message back at once, or after a delay that blocks only its key', async t => {
  const { take, giveBack, finish, clock, leases } = leasesOn('aabb')
  t.equal(take(), 'a1 b3')
  giveBack(1)
  t.equal(take(), 'a1', 'again, before a2')
  giveBack(1, clock.now + 50)
  t.equal(take(), '')
  t.same(leases.leased, new Set([3]), 'a delayed message is not leased')
  finish(3)
  t.equal(take(), 'b4')
  t.equal(leases.nextDue, clock.now + 50)
  clock.now += 49
  t.same(leases.expire(), [])
  t.equal(take(), '')
  clock.now += 1
  t.same(leases.expire(), [], 'the end of a delay is no expired lease')
  t.equal(take(), 'a1')
})

void t.test('tells which leases have run out, and keeps them until they are settled', async t => {
  const { take, giveBack, clock, leases } = leasesOn('ab')
  t.equal(take(1, 100), 'a1')
  t.equal(take(1, 200), 'b2')
  t.equal(leases.nextDue, clock.now + 100)
  t.equal(leases.find('token 1'), 1)
  clock.now += 100
  const expired = [{ seq: 1, token: 'token 1' }]
  t.same(leases.expire(), expired)
  t.same(leases.expire(), expired, 'until what comes of it is stored')
  t.equal(leases.find('token 1'), 1)
  giveBack(1)
  t.same(leases.expire(), [])
  t.equal(leases.find('token 1'), undefined)
  t.equal(take(), 'a1')
  t.equal(leases.find('token 3'), 1, 'with another token')
})

void t.test('knows no lease but its own', async t => {
  const { take, finish, leases } = leasesOn('a')
  take()
  t.equal(leases.find('token 2'), undefined)
  t.throws(() => leases.finish('token 2'), TypeError)
  finish(1)
  t.equal(leases.find('token 1'), undefined)
  t.throws(() => leases.finish('token 1'), TypeError)
  t.equal(leases.nextDue, undefined)
})

void t.test('finds messages that were delayed before a restart', async t => {
  const { take, add, clock, leases } = leasesOn('')
  add('a', clock.now + 10)
  add('ab')
  t.equal(take(), 'b3')
  clock.now += 10
  leases.expire()
  t.equal(take(), 'a1')
})

void t.test('goes through a long queue in pieces', async t => {
  const { take, leases } = leasesOn(`a${'a'.repeat(999)}b`, { scanned: 400 })
  t.equal(take(1), 'a1')
  t.notOk(leases.unfinished)
  t.equal(take(1), '')
  t.ok(leases.unfinished)
  t.equal(take(1), '')
  t.ok(leases.unfinished)
  t.equal(take(1), 'b1001')
  t.notOk(leases.unfinished)
  t.equal(take(1), '')
  t.notOk(leases.unfinished)
})

void t.test('begins no more keys than it may hold', async t => {
  const { take, finish, giveBack } = leasesOn('abcaabc', { keys: 2 })
  t.equal(take(), 'a1 b2')
  giveBack(1)
  t.equal(take(), 'a1', 'a key that was begun goes on')
  finish(2)
  t.equal(take(), 'c3')
  finish(1)
  t.equal(take(), 'a4', 'one key has ended, another may begin')
  t.equal(take(), '')
})

void t.test('keeps the order of what it could not remember', async t => {
  for (const limits of [{ parkedPerKey: 1 }, { parkedPerKey: 3 }, { parked: 0 }, { parked: 2 }, {}]) {
    const { take, finish, add, rows } = leasesOn('abbaabaaabbabaaab', limits)
    const order: string[] = []
    t.equal(take(), 'a1 b2')
    for (let busy = ['a1', 'b2'], late = 'aab'; busy.length > 0; late = '') {
      const [first = ''] = busy
      order.push(first)
      finish(Number(first.slice(1)))
      add(late)
      busy = [...busy.slice(1), ...take().split(' ').filter(Boolean)]
    }
    t.equal(rows.length, 0, 'all were leased')
    for (const key of 'ab') {
      const seqs = order.filter(one => one.startsWith(key)).map(one => Number(one.slice(1)))
      t.same(
        seqs,
        seqs.toSorted((a, b) => a - b),
        `${JSON.stringify(limits)}: ${key} in order`,
      )
    }
  }
})
