import t from 'tap'
import { KIND_NAMES, kindOf } from './kinds.ts'
import { DRIVERS, plan, targetsOf, type PlanOptions } from './schedule.ts'

const OPTIONS: PlanOptions = {
  seed: 1,
  driver: 'redis',
  events: 1_001,
  faults: 145,
  pace: 1_000,
  can: { volumes: true, clock: true },
}

t.test('the same seed gives the same plan, another one another', async t => {
  t.same(plan(OPTIONS), plan(OPTIONS))
  t.notSame(plan(OPTIONS), plan({ ...OPTIONS, seed: 2 }))
})

t.test('all scenes together have the faults and events that were asked for', async t => {
  for (const driver of DRIVERS)
    for (const faults of [1, 9, 145]) {
      const scenes = plan({ ...OPTIONS, driver, faults })
      t.equal(
        scenes.reduce((sum, scene) => sum + scene.faults.length, 0),
        faults,
      )
      t.equal(
        scenes.reduce((sum, scene) => sum + scene.events, 0),
        1_001,
      )
    }
})

t.test('faults come one after another, as far apart as was asked for on average', async t => {
  for (const { faults, duration } of plan(OPTIONS)) {
    const times = faults.map(({ at }) => at)
    t.same(
      times,
      times.toSorted((a, b) => a - b),
    )
    t.equal(duration, times.at(-1))
    t.ok(Math.abs(duration / faults.length - 1_000) < 400)
    for (const { kind, hold } of faults) {
      const [least, most] = kindOf(kind).hold
      t.ok(hold >= least && hold <= most, kind)
    }
  }
})

function kinds(options: Partial<PlanOptions>): Set<string> {
  const scenes = plan({ ...OPTIONS, ...options, faults: 600 })
  return new Set(scenes.flatMap(({ faults }) => faults.map(({ kind }) => kind)))
}

t.test('with enough faults every kind comes up that is possible', async t => {
  t.same([...kinds({})].toSorted(), [...KIND_NAMES].toSorted())
  const embedded = kinds({ driver: 'embedded' })
  t.notOk([...embedded].some(kind => /^(broker|state):/.test(kind)))
  t.ok(embedded.has('disk: full') && embedded.has('clock: stepped'))
  const poor = kinds({ can: { volumes: false, clock: false } })
  t.notOk([...poor].some(kind => /^(disk|clock):/.test(kind)))
  t.notOk(kinds({ driver: 'nats' }).has('broker: a bit flipped'), 'only over TLS')
})

t.test('a process that lives through everything is never ended', async t => {
  const immortal = plan({ ...OPTIONS, faults: 600 }).filter(({ mortal }) => !mortal)
  t.ok(immortal.length > 0)
  for (const { faults } of immortal)
    t.notOk(
      faults.some(({ kind }) => /kill|SIGTERM|read-only/.test(kind) && /^(service|secret|disk)/.test(kind)),
    )
})

t.test('there are scenes of one service and of replicas over each state', async t => {
  const scenes = plan({ ...OPTIONS, faults: 1_200 })
  t.same([...new Set(scenes.map(({ state }) => state))].toSorted(), ['file', 'nats', 'postgres', 'redis'])
  for (const { replicas, state, faults } of scenes) {
    t.equal(replicas === 1, state === 'file')
    t.ok(faults.every(({ replica }) => replica < replicas))
  }
})

t.test('what belongs to one replica is named by it', async t => {
  const fault = { at: 0, hold: 0, replica: 1, draw: 0 }
  t.same(targetsOf({ ...fault, kind: 'disk: read-only' }), ['disk 1', 'service 1'])
  t.same(targetsOf({ ...fault, kind: 'broker: kill -9' }), ['broker'])
})
