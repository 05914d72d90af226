import t from 'tap'
import { Ledger } from './ledger.ts'

/** A ledger with events of room 0 that were acknowledged by replicas. */
function acknowledged(...replicas: number[]): Ledger {
  const ledger = new Ledger(2)
  for (const replica of replicas) {
    const event = { room: 0, place: ledger.begin(0) }
    ledger.asked(event, replica)
    ledger.acknowledge(event)
  }
  return ledger
}

const at = (place: number): { room: number; place: number } => ({ room: 0, place })

t.test('what was acknowledged is missing until it comes out', async t => {
  const ledger = acknowledged(0, 0, 0)
  ledger.begin(1)
  t.same([ledger.sent, ledger.acknowledged], [4, 3])
  t.same(ledger.missing(), [at(0), at(1), at(2)])
  t.equal(ledger.deliver(at(0)), 'first')
  t.equal(ledger.deliver(at(2)), 'first')
  t.same(ledger.missing(), [at(1)])
})

t.test('an acknowledgement counts once', async t => {
  const ledger = acknowledged(0)
  ledger.acknowledge(at(0))
  t.equal(ledger.acknowledged, 1)
})

t.test('what comes out again, out of order, or from nowhere, is told of', async t => {
  const ledger = acknowledged(0, 0, 0)
  t.equal(ledger.deliver(at(1)), 'first')
  t.equal(ledger.deliver(at(1)), 'repeated')
  t.equal(ledger.deliver(at(0)), 'disordered')
  t.equal(ledger.deliver(at(2)), 'first')
  t.equal(ledger.deliver(at(3)), 'unknown')
  t.equal(ledger.deliver({ room: 7, place: 0 }), 'unknown')
})

t.test('what was not acknowledged comes out whenever it does', async t => {
  const ledger = acknowledged(0)
  const late = { room: 0, place: ledger.begin(0) }
  ledger.asked(late, 0)
  const last = { room: 0, place: ledger.begin(0) }
  ledger.asked(last, 0)
  ledger.acknowledge(last)
  t.equal(ledger.deliver(at(0)), 'first')
  t.equal(ledger.deliver(last), 'first')
  t.equal(ledger.deliver(late), 'first')
  t.same(ledger.missing(), [])
})

t.test('each replica keeps an order of its own', async t => {
  const ledger = acknowledged(0, 1, 0, 1)
  t.equal(ledger.deliver(at(1)), 'first')
  t.equal(ledger.deliver(at(0)), 'first', 'another replica took it')
  t.equal(ledger.deliver(at(3)), 'first')
  t.equal(ledger.deliver(at(2)), 'first')
  const other = acknowledged(1, 0, 1)
  t.equal(other.deliver(at(2)), 'first')
  t.equal(other.deliver(at(0)), 'disordered')
})

t.test('what two replicas were asked to take, or nobody knows which, has no order', async t => {
  for (const replica of [1, undefined]) {
    const ledger = acknowledged(0, 0)
    ledger.asked(at(0), replica)
    t.equal(ledger.deliver(at(1)), 'first')
    t.equal(ledger.deliver(at(0)), 'first')
    t.equal(ledger.deliver(at(0)), 'repeated')
  }
})

t.test('it keeps as many events as there are', async t => {
  const ledger = acknowledged(...Array.from({ length: 1_000 }, () => 0))
  t.equal(ledger.missing().length, 1_000)
  for (let place = 0; place < 1_000; place++) t.equal(ledger.deliver(at(place)), 'first')
  t.equal(ledger.missing().length, 0)
})
