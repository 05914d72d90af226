import t from 'tap'
import { Settler } from '../../src/queue/spool-settler.ts'

void t.test('settles together what comes together, one call at a time', async t => {
  const calls: number[][] = []
  const settler = new Settler({
    async settle(seqs) {
      calls.push(seqs)
      if (calls.length === 1) settler.add(3)
    },
    pause: 1,
  })
  await settler.flushed()
  settler.add(1)
  settler.add(2)
  await settler.flushed()
  t.same(calls, [[1, 2], [3]])
  settler.add(4)
  await settler.flushed()
  t.same(calls[2], [4])
})

void t.test('tries again what failed, until it is stopped', async t => {
  let failures = 3
  const calls: number[][] = []
  const settler = new Settler({
    async settle(seqs) {
      calls.push(seqs)
      if (failures-- > 0) throw new Error('full')
    },
    pause: 1,
  })
  settler.add(1)
  await settler.flushed()
  t.same(calls, [[1], [1], [1], [1]])
  failures = Infinity
  settler.add(2)
  setTimeout(() => settler.stop(), 5)
  await settler.flushed()
  t.ok(calls.length > 4)
})
