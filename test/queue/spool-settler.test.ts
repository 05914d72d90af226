import t from 'tap'
import { Settler } from '../../src/queue/spool-settler.ts'
import type { Located } from '../../src/queue/types.ts'

const at = (seq: number): Located => ({ seq, key: `room ${seq}` })
const body = { event: Buffer.alloc(1) }

void t.test('settles together what comes together, one call at a time', async t => {
  const calls: Located[][] = []
  const settler = new Settler({
    async settle(events) {
      calls.push(events)
      if (calls.length === 1) settler.add(at(3))
    },
    pause: 1,
  })
  await settler.flushed()
  settler.add({ ...at(1), ...body })
  settler.add(at(2))
  await settler.flushed()
  t.same(calls, [[at(1), at(2)], [at(3)]], 'without their bodies')
  settler.add(at(4))
  await settler.flushed()
  t.same(calls[2], [at(4)])
})

void t.test('tries again what failed, until it is stopped', async t => {
  let failures = 3
  const calls: Located[][] = []
  const settler = new Settler({
    async settle(events) {
      calls.push(events)
      if (failures-- > 0) throw new Error('full')
    },
    pause: 1,
  })
  settler.add(at(1))
  await settler.flushed()
  t.same(calls, [[at(1)], [at(1)], [at(1)], [at(1)]])
  failures = Infinity
  settler.add(at(2))
  setTimeout(() => settler.stop(), 50)
  await settler.flushed()
  t.ok(calls.length > 4)
})
