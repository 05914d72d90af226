import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { withLock, type Held } from '../../src/state/lock.ts'
import { openSqliteState } from '../../src/state/sqlite.ts'
import type { StateBackend } from '../../src/state/types.ts'
import { taken } from './fixtures/backend.ts'
import { testDirectory } from '../fixtures/directory.ts'

const LEASE = 60_000
const fenced = { code: 'ERR_STATE_FENCED' }

function openBackend(t: Test): StateBackend {
  const backend = openSqliteState({ directory: join(testDirectory(t), 'data'), projectId: 'p' })
  t.teardown(() => backend.close())
  return backend
}

/** A monotonic clock and its sleepers, both moved by hand. */
function createTime() {
  const sleepers = new Set<{ until: number; wake: (isOver: boolean) => void }>()
  const time = {
    at: 1000,
    delays: [] as number[],
    now: () => time.at,
    sleep: (delay: number, signal?: AbortSignal): Promise<boolean> => {
      time.delays.push(delay)
      const { promise, resolve: wake } = Promise.withResolvers<boolean>()
      const sleeper = { until: time.at + delay, wake }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', () => wake(false))
      return promise
    },
    /** As when the process is stopped: the clock goes on, and nobody is woken. */
    stop(duration: number) {
      time.at += duration
    },
    async pass(duration: number) {
      time.stop(duration)
      for (const sleeper of sleepers)
        if (sleeper.until <= time.at && sleepers.delete(sleeper)) sleeper.wake(true)
      for (let turn = 0; turn < 5; turn++) await setImmediate()
    },
  }
  return time
}

void t.test('holds the lock while the action runs, and gives it back', async t => {
  const backend = openBackend(t)
  const fences: number[] = []
  const result = await withLock(backend, {}, async ({ fence, signal, check }) => {
    fences.push(fence)
    t.equal(await backend.acquire(LEASE), null)
    await backend.write(Buffer.from('a'), fence)
    check()
    return signal.aborted
  })
  t.equal(result, false)
  const failure = new Error('of the action')
  const failing = withLock(backend, {}, async ({ fence }) => {
    fences.push(fence)
    throw failure
  })
  await t.rejects(failing, failure)
  fences.push((await taken(backend)).fence)
  t.same(fences, [1, 2, 3])
})

void t.test('waits for the lock, in steps that differ', async t => {
  const backend = openBackend(t)
  await taken(backend, 100)
  t.equal(await withLock(backend, {}, async ({ fence }) => fence), 2, 'by the real clock')

  const lock = await taken(backend)
  const time = createTime()
  const values = [0, 0.5, 0.999]
  const options = { ...time, random: () => values[time.delays.length] ?? 0 }
  const waiting = withLock(backend, options, async ({ fence }) => fence)
  await time.pass(0)
  for (let step = 0; step < values.length; step++) await time.pass(1000)
  await lock.release()
  await time.pass(1000)
  t.equal(await waiting, lock.fence + 1)
  t.same(time.delays.slice(0, 4), [500, 750, 999.5, 500])
})

void t.test('waits no longer than it may', async t => {
  const backend = openBackend(t)
  await taken(backend)
  const never = async () => t.fail('it does not hold the lock')
  await t.rejects(withLock(backend, { wait: 0 }, never), fenced)

  const time = createTime()
  const waiting = withLock(backend, { wait: 1200, random: () => 1, ...time }, never)
  const rejected = t.rejects(waiting, fenced)
  await time.pass(0)
  for (let step = 0; step < 2; step++) await time.pass(1000)
  await rejected
  t.same(time.delays, [1000, 200])
})

void t.test('waits no longer than its signal lets it', async t => {
  const backend = openBackend(t)
  const never = async () => t.fail('it does not hold the lock')
  const reason = new Error('the service is stopping')
  await t.rejects(withLock(backend, { signal: AbortSignal.abort(reason) }, never), reason)
  const lock = await taken(backend)
  const stopping = new AbortController()
  const waiting = withLock(backend, { signal: stopping.signal }, never)
  setTimeout(() => stopping.abort(reason), 20)
  await t.rejects(waiting, reason)
  await lock.release()
  const held = await withLock(backend, { signal: new AbortController().signal }, async ({ signal }) => signal)
  t.notOk(held.aborted)
})

void t.test(
  'gives the lock back though its signal is aborted meanwhile, which ends only the waiting',
  async t => {
    const backend = openBackend(t)
    const stopping = new AbortController()
    await withLock(backend, { signal: stopping.signal }, async ({ signal, check, fence }) => {
      stopping.abort()
      check()
      t.notOk(signal.aborted)
      await backend.write(Buffer.from('the last'), fence)
    })
    t.ok(await backend.acquire(LEASE))
  },
)

/** Takes the lock in a time that the test moves, and tests while it is held. */
async function holding(
  t: Test,
  test: (held: Held, time: ReturnType<typeof createTime>, backend: StateBackend) => Promise<void>,
  lease = LEASE,
): Promise<void> {
  const backend = openBackend(t)
  const time = createTime()
  await withLock(backend, { lease, ...time }, held => test(held, time, backend))
}

void t.test('is renewed every third of the lease', t =>
  holding(t, async ({ check }, time) => {
    for (let third = 1; third < 10; third++) {
      await time.pass(LEASE / 3)
      check()
    }
    time.stop(LEASE - 1)
    check()
    t.pass('the lease counts from the last renewal')
  }),
)

void t.test('is lost when the lease may have run out while the process was stopped', t =>
  holding(t, async ({ check, signal }, time) => {
    time.stop(LEASE)
    t.notOk(signal.aborted, 'no timer could run')
    t.throws(check, fenced)
    t.match(signal.reason, fenced)
    t.throws(check, fenced)
  }),
)

void t.test('is lost when somebody else took it', t =>
  holding(
    t,
    async ({ check, signal, fence }, time, backend) => {
      const next = await taken(backend)
      check()
      await t.rejects(
        backend.write(Buffer.from('late'), fence),
        fenced,
        'the fence holds before anybody knows',
      )
      await time.pass(10)
      t.match(signal.reason, fenced)
      t.throws(check, fenced)
      await backend.write(Buffer.from('of the next'), next.fence)
    },
    30,
  ),
)

void t.test('is kept while the store is away, until the lease may have run out', t =>
  holding(t, async ({ check, signal }, time, backend) => {
    const locker = new DatabaseSync(backend.location)
    t.teardown(() => locker.close())
    locker.exec('BEGIN EXCLUSIVE')
    await time.pass(LEASE / 3)
    check()
    locker.exec('ROLLBACK')
    await time.pass(LEASE / 3)
    await time.pass(LEASE / 3)
    check()
    t.notOk(signal.aborted, 'renewed at the second third')

    locker.exec('BEGIN EXCLUSIVE')
    for (let third = 0; third < 3; third++) await time.pass(LEASE / 3)
    t.match(signal.reason, fenced, 'without anybody asking')
    t.throws(check, fenced)
  }),
)
