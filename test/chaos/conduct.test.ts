import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { conduct } from './conduct.ts'
import type { KindName } from './kinds.ts'
import type { Fault } from './schedule.ts'

const fault = (kind: KindName, at: number, replica = 0): Fault => ({ kind, at, replica, hold: 0, draw: 0 })

t.test('faults of one target never overlap, those of others may', async t => {
  const active = new Set<Fault>()
  const together = new Set<string>()
  const faults = [
    fault('service: kill -9', 0),
    fault('service: SIGTERM', 0),
    fault('disk: read-only', 0),
    fault('disk: full', 0),
    fault('broker: SIGSTOP', 0),
    fault('service: SIGSTOP', 0, 1),
  ]
  const conducted = conduct(
    faults,
    async one => {
      for (const other of active)
        together.add([one, other].map(({ kind, replica }) => `${kind} ${replica}`).join())
      active.add(one)
      await sleep(20)
      active.delete(one)
    },
    () => t.fail('none fails'),
  )
  await conducted.over
  t.equal(conducted.done, faults.length)
  for (const pair of together) {
    const touched = pair
      .split(',')
      .flatMap(name => (name.endsWith(' 0') ? [/service|read-only/.test(name)] : []))
    t.notSame(touched, [true, true], pair)
  }
  t.ok([...together].some(pair => pair.includes('broker: SIGSTOP')))
})

t.test('it knows what was under a fault, and when', async t => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const before = performance.now()
  const conducted = conduct(
    [fault('disk: full', 0, 1)],
    () => promise,
    () => t.fail('none fails'),
  )
  await sleep(10)
  t.ok(conducted.isNear(['disk'], 0), 'it is under way')
  t.ok(conducted.isNear(['disk 1'], 0))
  t.notOk(conducted.isNear(['disk 0', 'service'], 60_000))
  resolve()
  await conducted.over
  t.ok(conducted.isNear(['disk'], 60_000), 'it was a moment ago')
  t.notOk(conducted.isNear(['disk'], 60_000, performance.now() + 70_000), 'it was long ago')
  t.notOk(conducted.isNear(['disk'], 60_000, before - 1), 'what came before it is not explained by it')
})

t.test('one that fails is told of, and the others go on', async t => {
  const failed: string[] = []
  const conducted = conduct(
    [fault('disk: full', 0), fault('disk: full', 1)],
    async ({ at }) => {
      if (at === 0) throw new Error('no disk')
    },
    ({ kind, at }, error) => failed.push(`${kind} ${at} ${String(error)}`),
  )
  await conducted.over
  t.same(failed, ['disk: full 0 Error: no disk'])
  t.equal(conducted.done, 2)
})
