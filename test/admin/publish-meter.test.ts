import t from 'tap'
import { PublishMeter } from '../../src/admin/publish-meter.ts'

t.test('outcomes are counted, and those that nobody expected together', async t => {
  const meter = new PublishMeter()
  const none = { ...meter.outcomes }
  t.same(new Set(Object.values(none)), new Set([0]))
  const cases: [outcome: string, counted: string][] = [
    ['accepted', 'accepted'],
    ['duplicate', 'duplicate'],
    ['ERR_QUEUE_UNAVAILABLE', 'ERR_QUEUE_UNAVAILABLE'],
    ['ERR_MESSAGE_REFUSED', 'ERR_MESSAGE_REFUSED'],
    ['ECONNRESET', 'ERR_INTERNAL'],
    ['', 'ERR_INTERNAL'],
  ]
  for (const [outcome, counted] of cases) {
    const before = Number(meter.outcomes[counted])
    meter.started()
    meter.settled(outcome, 1)
    t.equal(meter.outcomes[counted], before + 1, outcome)
  }
  t.same(Object.keys(meter.outcomes), Object.keys(none), 'there are never more of them')
})

t.test('what is under way, and how long it took in seconds', async t => {
  const meter = new PublishMeter()
  meter.started()
  meter.started()
  t.equal(meter.inFlight, 2)
  meter.settled('accepted', 1500)
  t.equal(meter.inFlight, 1)
  t.equal(meter.durations.sum, 1.5)
})
