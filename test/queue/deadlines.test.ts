import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Deadlines } from '../../src/queue/deadlines.ts'
import { freeze } from '../fixtures/freeze.ts'
import { until } from './drivers/fixtures/engine.ts'

void t.test('says what was not done in time, the oldest first, and never early', async t => {
  const over: string[] = []
  const times: number[] = []
  const deadlines = new Deadlines<string>(100, item => {
    over.push(item)
    times.push(performance.now())
  })
  const begun = performance.now()
  for (const item of ['first', 'done', 'second']) deadlines.add(item)
  await sleep(30)
  deadlines.add('third')
  t.equal(deadlines.delete('done'), true)
  t.equal(deadlines.delete('done'), false)
  t.same([...deadlines.items], ['first', 'second', 'third'])
  await until(() => deadlines.size === 0)
  t.same(over, ['first', 'second', 'third'])
  t.ok(Number(times[0]) - begun >= 100)
  t.ok(Number(times[2]) - begun >= 130)
  t.equal(deadlines.delete('third'), false)
})

void t.test('counts a pause of the process as one tick', async t => {
  const over: string[] = []
  const deadlines = new Deadlines<string>(500, item => over.push(item))
  deadlines.add('answered when it wakes')
  deadlines.add('never answered')
  freeze(2_000)
  await sleep(100)
  t.same(over, [])
  deadlines.delete('answered when it wakes')
  await until(() => over.length > 0)
  t.same(over, ['never answered'])
})

void t.test('takes what is added while it looks, and holds no process up once all is done', async t => {
  let times = 0
  const deadlines = new Deadlines<number>(20, item => {
    if (++times < 3) deadlines.add(item + 1)
  })
  deadlines.add(1)
  await until(() => times === 3)
  t.equal(deadlines.size, 0)
  deadlines.add(4)
  deadlines.delete(4)
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'))
})
