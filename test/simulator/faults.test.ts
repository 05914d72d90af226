import t from 'tap'
import { createFaults, faultSchema } from '../../src/simulator/faults.ts'

void t.test('a fault is used as often as it says, the first that fits first', async t => {
  const faults = createFaults()
  faults.add({ method: 'POST', status: 500, times: 2 })
  faults.add({ status: 429 })
  t.strictSame(faults.take('POST'), { method: 'POST', status: 500, times: 1 })
  t.match(faults.take('GET'), { status: 429 }, 'another method does not use it')
  t.match(faults.take('POST'), { status: 500 })
  t.match(faults.take('POST'), { status: 429 }, 'used up')
  t.match(faults.take('POST'), { status: 429 }, 'without times it stays')
})

void t.test('faults are cleared by method, or all', async t => {
  const faults = createFaults()
  faults.add({ method: 'POST', cut: true })
  faults.add({ method: 'GET', cut: true })
  faults.add({ delay: 1 })
  faults.clear('POST')
  t.strictSame(faults.list(), [{ method: 'GET', cut: true }, { delay: 1 }])
  faults.clear()
  t.strictSame(faults.list(), [])
  t.equal(faults.take('GET'), undefined)
})

void t.test('what is added or listed is a copy', async t => {
  const faults = createFaults()
  const fault = { status: 500, times: 2 }
  faults.add(fault)
  faults.take('GET')
  t.strictSame(fault, { status: 500, times: 2 })
  for (const listed of faults.list()) listed.times = 9
  t.strictSame(faults.list(), [{ status: 500, times: 1 }])
})

void t.test('what is no fault', async t => {
  const wrong = [
    { method: 'PUT' },
    { times: 0 },
    { delay: -1 },
    { status: 99 },
    { body: 'xml' },
    { statuss: 500 },
    7,
  ]
  for (const fault of wrong) t.notOk(faultSchema.safeParse(fault).success, JSON.stringify(fault))
  t.ok(faultSchema.safeParse({ when: 'after', body: 'half', retryAfter: 'soon' }).success)
})
