import t from 'tap'
import { RecentIds } from '../../src/queue/spool-recent.ts'

const START = 1_776_134_278_574
const event = (index: number, timestamp = START + index) => ({ id: String(index), timestamp })

void t.test('knows for certain only what is newer than all before it', async t => {
  const recent = new RecentIds(START)
  for (const timestamp of [0, START - 1, START]) t.ok(recent.mayHave(event(1, timestamp)), 'not newer')
  t.notOk(recent.mayHave(event(1)))
  recent.add(event(3))
  t.notOk(recent.mayHave(event(1)), 'older than another, whose id is kept')
  t.ok(recent.mayHave(event(3)))
  t.ok(new RecentIds(Infinity).mayHave(event(3)))
})

void t.test('never denies what was added, however many come after it and in whatever order', async t => {
  const recent = new RecentIds(START)
  const count = 40_000
  const events = Array.from({ length: count }, (_, index) =>
    // Now and then one is older, or has no time.
    event(index, index % 100 === 0 ? 0 : START + (index % 7 === 0 ? index : index + 500)),
  )
  let asked = 0
  for (const one of events) {
    if (one.timestamp > 0 && recent.mayHave(one)) asked++
    recent.add(one)
  }
  t.same(
    events.filter(one => !recent.mayHave(one)),
    [],
  )
  t.equal(asked, 0, 'none that was new had to be asked for')
  t.notOk(recent.mayHave(event(count)))
})
