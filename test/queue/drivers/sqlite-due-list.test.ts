import t from 'tap'
import { DueList, type Due } from '../../../src/queue/drivers/sqlite-due-list.ts'

void t.test('keeps what is due in order, whatever is added and removed', async t => {
  const list = new DueList<Due>()
  t.equal(list.first, undefined)
  t.same(list.due(Infinity), [])
  // All pairs of few values, in an order that is neither sorted nor reversed.
  const items = Array.from({ length: 49 }, (_, index) => {
    const mixed = (index * 20) % 49
    return { until: 10 * (mixed % 7), seq: Math.floor(mixed / 7) }
  })
  for (const item of items) list.add(item)
  const sorted = items.toSorted((a, b) => a.until - b.until || a.seq - b.seq)
  t.same(list.due(Infinity), sorted)
  t.same(list.first, { until: 0, seq: 0 })
  t.equal(list.due(-1).length, 0)
  t.equal(list.due(9).length, 7)
  t.equal(list.due(10).length, 14, 'due at the very time')
  for (const item of items.slice(0, 30)) list.remove(item)
  t.same(
    list.due(Infinity),
    sorted.filter(item => !items.slice(0, 30).includes(item)),
  )
})
