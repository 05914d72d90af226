import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { backoff } from '../../src/jelou/backoff.ts'
import { edit } from './fixtures/kept-case.ts'
import { until } from './fixtures/until.ts'
import { createWorld, verifies, type RunOptions } from './fixtures/world.ts'

const half = () => 0.5

/** Records how long the loop wants to sleep, and lets it go on until `most` sleeps were asked for. */
function recordSleeps(most: number) {
  const delays: number[] = []
  const done = Promise.withResolvers<void>()
  const sleep: RunOptions['sleep'] = async delay => {
    delays.push(delay)
    if (delays.length < most) return true
    done.resolve()
    return false
  }
  return { delays, sleep, done: done.promise }
}

void t.test('keeps trying with backoff, and says so ever more rarely', async t => {
  const { simulator, open } = await createWorld(t)
  simulator.faults.add({ status: 500, times: 9 })
  const { delays, sleep, done } = recordSleeps(12)

  const { registrar, lines } = await open({ sleep, random: half, interval: 600_000 })
  registrar.start()
  registrar.start()
  await done
  await registrar.stop()
  const expected = Array.from({ length: 9 }, (_, index) => backoff(index + 1, { random: half }))
  t.same(delays, [...expected, 600_000, 600_000, 600_000])
  const said = lines.map(({ level, fields }) => [level, fields['outcome'], fields['repeats']])
  t.same(
    said.filter(([level]) => level !== 'debug'),
    [
      ...[1, 2, 4, 8].map(repeats => ['warn', 'unavailable', repeats]),
      ['info', 'created', undefined],
      ['info', 'unchanged', undefined],
    ],
  )
  t.equal(registrar.status().reconciles.unavailable, 9)
})

void t.test('waits as long as Jelou asks', async t => {
  const { simulator, open } = await createWorld(t)
  simulator.faults.add({ status: 429, retryAfter: 500 })
  const { delays, sleep, done } = recordSleeps(1)
  const { registrar } = await open({ sleep })
  registrar.start()
  await done
  t.same(delays, [500_000])
})

void t.test('waits as long as Jelou asks after a request of somebody too', async t => {
  const { simulator, open, register, calls } = await createWorld(t)
  await register()
  const delays: number[] = []
  const sleep: RunOptions['sleep'] = async (delay, signal) => {
    delays.push(delay)
    if (!signal.aborted) await once(signal, 'abort')
    return false
  }
  const { registrar } = await open({ sleep, interval: 1000, random: half })
  registrar.start()
  await until(() => delays.length === 1)
  calls()
  simulator.faults.add({ method: 'DELETE', status: 429, retryAfter: 500 })
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_UNFINISHED' })
  await until(() => delays.length === 2)
  t.same(delays, [1000, 500_000])
  t.same(calls(), ['DELETE'])
})

void t.test('the interval is spread by chance, and longer than a timer can be', async t => {
  const cases = [
    { random: 0, interval: 1000, delay: 900 },
    { random: 0.5, interval: 1000, delay: 1000 },
    { random: 0.999, interval: 1000, delay: 1100 },
    { random: 0.5, interval: 2 ** 40, delay: 2 ** 31 - 1 },
  ]
  for (const { random, interval, delay } of cases) {
    const { open } = await createWorld(t)
    const { delays, sleep, done } = recordSleeps(1)
    const { registrar } = await open({ sleep, interval, random: () => random })
    registrar.start()
    await done
    t.same(delays.map(Math.round), [delay])
  }
})

void t.test('without an interval it ends with success, but not with a lost secret', async t => {
  const { simulator, open, register, calls } = await createWorld(t)
  await register()
  const first = recordSleeps(1)
  const run = await open({ sleep: first.sleep })
  run.registrar.start()
  while (run.registrar.status().lastOutcome === null) await setImmediate()
  await run.registrar.stop()
  await run.store.close()
  t.same(first.delays, [])
  edit({ id: 'foreign' })(simulator)
  const second = recordSleeps(2)
  const { registrar, fatals } = await open({ sleep: second.sleep })
  registrar.start()
  await second.done
  t.match(calls(), ['GET', 'GET', 'GET', 'GET', 'GET'])
  t.same(fatals, [])
})

void t.test('a registration on request that Jelou could not take is tried again', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { registrar } = await open({ interval: 0 })
  registrar.start()
  await until(() => registrar.status().lastOutcome === 'unchanged')
  await registrar.unregister()
  simulator.faults.add({ method: 'POST', status: 500, times: 1 })
  await t.rejects(registrar.register(), { code: 'ERR_REGISTER_UNFINISHED' })
  await until(() => registrar.status().lastOutcome === 'created')
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
})

void t.test('ends when it cannot be registered', async t => {
  const { simulator, open, calls } = await createWorld(t)
  simulator.faults.add({ status: 401 })
  const fatal = Promise.withResolvers<Error>()
  const { sleep, delays } = recordSleeps(1)
  const { registrar } = await open({ sleep, interval: 1000, onFatal: fatal.resolve })
  registrar.start()
  t.match(await fatal.promise, { code: 'ERR_REGISTRATION_REJECTED' })
  await registrar.stop()
  t.same(calls(), ['POST'])
  t.same(delays, [])
})

void t.test('passes never overlap', async t => {
  const { simulator, open, calls } = await createWorld(t)
  let underWay = 0
  let most = 0
  simulator.hooks.onRequest = async () => {
    most = Math.max(most, ++underWay)
    await setImmediate()
    underWay -= 1
  }
  const { registrar } = await open()
  const kinds = (await Promise.all([1, 2, 3].map(() => registrar.reconcile()))).map(({ kind }) => kind)
  t.same(kinds, ['created', 'unchanged', 'unchanged'])
  t.equal(most, 1)
  t.same(calls(), ['POST', 'GET', 'GET'])
})

void t.test('stop ends a wait at once', async t => {
  const { simulator, open } = await createWorld(t)
  simulator.faults.add({ status: 429, retryAfter: 600 })
  const { registrar } = await open()
  registrar.start()
  while (registrar.status().lastOutcome === null) await setImmediate()
  await registrar.stop()
  await registrar.stop()
  t.match(await registrar.reconcile(), { kind: 'failed', reason: /stopping/ }, 'and no pass begins any more')
  t.equal(registrar.status().reconciles.failed, 0)
})

void t.test('stop keeps the secret of a create under way, and changes nothing more at Jelou', async t => {
  const cases = [
    { name: 'a create', at: 'POST', calls: ['POST'] },
    { name: 'before an update', at: 'GET', desired: { authorization: 'new' }, calls: ['GET'] },
    {
      name: 'before a create',
      at: 'GET',
      faults: { method: 'GET', status: 404 },
      calls: ['GET'],
      secret: true,
    },
    { name: 'before a delete', at: 'GET', foreign: true, calls: ['GET', 'GET'] },
  ] as const
  for (const { name, at, calls: expected, ...row } of cases) {
    const { simulator, open, register, calls } = await createWorld(t)
    if (at !== 'POST') await register()
    if ('faults' in row) simulator.faults.add(row.faults)
    const before = simulator.integration
    if ('foreign' in row) edit({ id: 'foreign' })(simulator)
    const { registrar, store } = await open({
      secretLost: 'recreate',
      desired: 'desired' in row ? row.desired : {},
    })
    const came = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    simulator.hooks.onRequest = () => {
      came.resolve()
      return go.promise
    }
    let isOver = false
    const pass = registrar.reconcile().finally(() => (isOver = true))
    await came.promise
    const stopped = registrar.stop()
    go.resolve()
    await stopped
    t.ok(isOver, 'waits for it')
    await pass
    t.same(calls(), expected, name)
    await registrar.reconcile()
    t.same(calls(), [], 'not even a read any more')
    const kept = await store.load()
    t.equal(kept?.integration?.secret, (before ?? simulator.integration)?.signingSecret, name)
    t.ok(verifies(registrar, simulator.integration?.signingSecret))
  }
})
