import t from 'tap'
import {
  ConfigError,
  StateCorruptError,
  StateKeyError,
  StateRefusedError,
  StateUnavailableError,
} from '../../src/errors.ts'
import { pause } from '../../src/jelou/backoff.ts'
import { whyNotReady } from '../../src/registration/status.ts'
import { brisk, until } from './fixtures/until.ts'
import { createWorld, verifies, type Run, type World } from './fixtures/world.ts'
import type { Kept } from '../../src/registration/kept.ts'
import type { Store } from '../../src/state/store.ts'

const LONGEST = 2 ** 31 - 1

/** Counts how often the state is read from now on. */
function countLoads(store: Store<Kept>): () => number {
  const load = store.load.bind(store)
  let loads = 0
  store.load = () => {
    loads += 1
    return load()
  }
  return () => loads
}

void t.test('what does not verify is looked up once, for all who ask', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const [one, two] = await Promise.all([open(), open({ shared: true })])
  await one.registrar.rotate()
  const secret = simulator.integration?.signingSecret
  t.notOk(verifies(two.registrar, secret), 'it has not heard of it')
  const loads = countLoads(two.store)
  const answers = await Promise.all(Array.from({ length: 500 }, () => two.registrar.refreshed()))
  t.ok(answers.every(Boolean))
  t.equal(loads(), 1)
  t.ok(verifies(two.registrar, secret))

  const again = await Promise.all(Array.from({ length: 500 }, () => two.registrar.refreshed()))
  t.notOk(again.some(Boolean), 'nothing new')
  t.equal(loads(), 2)
})

void t.test('reads of the state are a second apart, whoever asks', async t => {
  const { open, register } = await createWorld(t)
  await register()
  const delays: number[] = []
  const { registrar, store } = await open({
    shared: true,
    sleep: async (delay, signal) => {
      delays.push(delay)
      return brisk(delay, signal)
    },
  })
  const loads = countLoads(store)
  for (let n = 0; n < 3; n++) t.notOk(await registrar.refreshed())
  t.equal(loads(), 3)
  t.same(delays, [1000, 1000, 1000])
})

void t.test('a state of its own is never read for a stranger', async t => {
  const { open, register } = await createWorld(t)
  await register()
  const { registrar, store } = await open()
  const loads = countLoads(store)
  for (let n = 0; n < 10; n++) t.notOk(await registrar.refreshed())
  t.equal(loads(), 0)
})

void t.test('a request waits for a change that is under way here', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { registrar } = await open({ sleep: brisk })
  let waiting: Promise<boolean> | undefined
  simulator.hooks.onProcessed = method => {
    // Jelou may send what it signs with the new secret before it answers.
    if (method === 'POST') waiting = registrar.refreshed()
  }
  await registrar.rotate()
  t.ok(await waiting)
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
})

void t.test('and for one elsewhere, but not for ever', async t => {
  const clock = { now: 1_000_000 }
  const { open, register } = await createWorld(t, clock)
  await register()
  const { registrar, store, edit } = await open({ shared: true, sleep: brisk })
  await edit(kept => ({ ...kept, rotating: 1 }))
  const loads = countLoads(store)
  t.notOk(await registrar.refreshed())
  t.equal(loads(), 5, 'five looks, a second apart')
  clock.now += 30_000
  t.notOk(await registrar.refreshed())
  t.equal(loads(), 6, 'what takes so long is not under way any more')
  await edit(kept => ({ ...kept, rotating: 2 }))
  const waiting = registrar.refreshed()
  await until(() => loads() > 6)
  await edit(({ rotating: _rotating, ...kept }) => ({
    ...kept,
    previousSecrets: [{ secret: 'x', until: 2e9 }],
  }))
  t.ok(await waiting)
})

void t.test('a new secret verifies before the lock is given back', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { backend } = await open()
  const { promise, resolve: arrive } = Promise.withResolvers<void>()
  const slow: Run['backend'] = {
    ...backend,
    async acquire(lease) {
      const lock = await backend.acquire(lease)
      return lock && { ...lock, release: () => promise.then(() => lock.release()) }
    },
  }
  const { registrar, store } = await open({ backend: slow, shared: true })
  const before = simulator.integration?.signingSecret
  const rotation = registrar.rotate()
  await until(async () => (await store.load())?.previousSecrets.length === 1)
  t.not(simulator.integration?.signingSecret, before)
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.ok(verifies(registrar, before))
  arrive()
  t.equal(await rotation, 'rotated')
})

void t.test('so many requests may wait, and no more', async t => {
  const { open, register } = await createWorld(t)
  await register()
  const { registrar } = await open({ shared: true, sleep: brisk })
  const waiting = Array.from({ length: 1000 }, () => registrar.refreshed())
  await t.rejects(registrar.refreshed(), { code: 'ERR_OVERLOADED', statusCode: 503 })
  t.same(new Set(await Promise.all(waiting)), new Set([false]))
  t.notOk(await registrar.refreshed(), 'there is room again')
})

/** A state behind a network that is down until it is mended. */
async function unreachable(open: World['open']) {
  const { store, backend } = await open()
  let isDown = true
  return {
    mend: () => (isDown = false),
    backend,
    store: {
      load: () =>
        isDown ? Promise.reject(new StateUnavailableError('there', 'ECONNREFUSED')) : store.load(),
      save: (kept: Kept, fence: number) => store.save(kept, fence),
    },
  }
}

void t.test('a state that is away at the start is waited for', async t => {
  const rows = [
    { name: 'a kept secret', options: {}, phase: 'registered' },
    { name: 'a configured one', options: { staticSecrets: ['s'] }, phase: 'static' },
  ] as const
  for (const { name, options, phase } of rows) {
    const { open, register } = await createWorld(t)
    await register()
    const { mend, ...state } = await unreachable(open)
    const { registrar, fatals } = await open({ ...options, ...state, sleep: brisk })
    t.equal(registrar.accepted(), null, name)
    registrar.start()
    await until(() => registrar.status().reconciles.failed > 1)
    t.match(registrar.status(), { lastError: /there.*ECONNREFUSED/, state: { lastError: /ECONNREFUSED/ } })
    t.match(whyNotReady(registrar.status()), /state cannot be read$/)
    mend()
    await until(() => registrar.accepted() !== null && registrar.status().phase === phase)
    await until(() => registrar.status().lastOutcome === 'unchanged')
    t.match(registrar.status(), { lastError: null, state: { lastError: null } })
    t.match(whyNotReady(registrar.status()), /not registered with Jelou$/)
    t.same(fatals, [])
    await registrar.stop()
  }
})

void t.test('a state that is back is used at once, however long it was away', async t => {
  const { open, register } = await createWorld(t)
  await register()
  const { mend, ...state } = await unreachable(open)
  const poll = 1500
  const { registrar, backend } = await open({
    ...state,
    shared: true,
    random: () => 0,
    // The pauses between tries never end by themselves.
    sleep: (delay, signal) => (delay === poll ? brisk(delay, signal) : pause(LONGEST, signal)),
  })
  registrar.start()
  await until(() => registrar.status().lastOutcome === 'failed')
  mend()
  await until(() => registrar.status().lastOutcome === 'unchanged')
  t.not(registrar.accepted(), null)
  await registrar.stop()
  await backend.close()
})

void t.test('configured secrets and credentials need no state', async t => {
  const { open } = await createWorld(t)
  const state = await unreachable(open)
  const desired = { authorization: 'configured' }
  const { registrar } = await open({ ...state, desired, staticSecrets: ['s'] })
  t.ok(verifies(registrar, 's'))
  t.notOk(await registrar.refreshed())
})

void t.test('a state that must be put right first ends the start, at once or once it shows', async t => {
  const errors = [
    new StateRefusedError('there', 'wrong password'),
    new StateKeyError('there', 'no key'),
    new StateCorruptError('there', 'altered'),
    new ConfigError('STATE_URL is wrong'),
  ]
  for (const error of errors) {
    const { open, register } = await createWorld(t)
    await register()
    const { backend } = await open()
    const failures: Error[] = [error]
    const store = { load: async () => Promise.reject(failures.pop()), save: async () => {} }
    await t.rejects(open({ backend, store }), { code: error.code })

    failures.push(error, new StateUnavailableError('there', 'ECONNREFUSED'))
    const { registrar, fatals } = await open({ backend, store, sleep: brisk, interval: 1 })
    t.same(fatals, [])
    registrar.start()
    await until(() => fatals.length > 0)
    t.same(fatals, [error])
    await registrar.stop()
    t.equal(registrar.status().reconciles.failed, 1, 'and nothing more is tried')
  }
})

void t.test('while it runs, no error of the state takes the secret away', async t => {
  const { simulator, open, register } = await createWorld(t)
  await register()
  const { store, backend } = await open()
  let error: Error | undefined
  const failing = { load: () => (error ? Promise.reject(error) : store.load()), save: async () => {} }
  const { registrar, fatals } = await open({ store: failing, backend, shared: true, sleep: brisk })
  error = new StateKeyError('there', 'no key')
  await t.rejects(registrar.rotate(), { code: 'ERR_ROTATION_UNFINISHED' })
  t.notOk(await registrar.refreshed())
  t.ok(verifies(registrar, simulator.integration?.signingSecret))
  t.same(fatals, [])
})
