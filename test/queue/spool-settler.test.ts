import t from 'tap'
import { Settler } from '../../src/queue/spool-settler.ts'

const DONE = { settled: 1, expired: [] }

void t.test('settles together what comes together, one call at a time', async t => {
  const calls: string[][] = []
  const settler = new Settler(async leases => {
    calls.push(leases)
    if (calls.length === 1) settler.add('later')
    return DONE
  }, 1)
  await settler.flushed()
  t.notOk(settler.isBusy)
  settler.add('a')
  settler.add('b')
  t.ok(settler.isBusy)
  await settler.flushed()
  t.same(calls, [['a', 'b'], ['later']])
  t.notOk(settler.isBusy)
  settler.add('c')
  await settler.flushed()
  t.same(calls[2], ['c'])
})

void t.test('tries again what failed, until it is stopped', async t => {
  let failures = 3
  const calls: string[][] = []
  const settler = new Settler(async leases => {
    calls.push(leases)
    if (failures-- > 0) throw new Error('full')
    return DONE
  }, 1)
  settler.add('a')
  await settler.flushed()
  t.same(calls, [['a'], ['a'], ['a'], ['a']])
  failures = Infinity
  settler.add('b')
  setTimeout(() => settler.stop(), 5)
  await settler.flushed()
  t.notOk(settler.isBusy)
})
