import { join } from 'node:path'
import t from 'tap'
import { StateUnavailableError } from '../../src/errors.ts'
import { openSqliteState } from '../../src/state/sqlite.ts'
import { watchLock } from '../../src/state/watched-lock.ts'
import { testDirectory } from '../fixtures/directory.ts'

const NONE = { acquired: 0, busy: 0, failed: 0, held: false }

t.test('who takes, has and gives back the lock is seen', async t => {
  const options = { directory: join(testDirectory(t), 'data'), projectId: 'p' }
  const one = watchLock(openSqliteState(options))
  const other = watchLock(openSqliteState(options))
  t.teardown(() => Promise.all([one.close(), other.close()]))
  t.same(one.lockFigures(), NONE)

  const lock = await one.acquire(60_000)
  t.same(one.lockFigures(), { ...NONE, acquired: 1, held: true })
  t.equal(await other.acquire(60_000), null)
  t.same(other.lockFigures(), { ...NONE, busy: 1 })
  t.equal(await lock?.renew(60_000), true)
  t.equal(one.lockFigures().held, true)
  await one.write(Buffer.from('x'), Number(lock?.fence))
  t.same(await other.read(), Buffer.from('x'), 'the backend does all else as before')
  await lock?.release()
  t.same(one.lockFigures(), { ...NONE, acquired: 1 })
})

t.test('a lock that ran out is not held any more, and does not end the next one', async t => {
  const backend = watchLock(openSqliteState({ directory: join(testDirectory(t), 'data'), projectId: 'p' }))
  t.teardown(() => backend.close())
  const late = await backend.acquire(-1)
  const next = await backend.acquire(60_000)
  t.equal(await late?.renew(60_000), false)
  t.equal(backend.lockFigures().held, true, 'the next one is')
  await next?.release()

  const lost = await backend.acquire(-1)
  t.equal(backend.lockFigures().held, true)
  t.equal(await lost?.renew(60_000), false)
  t.same(backend.lockFigures(), { ...NONE, acquired: 3 })
})

t.test('a backend that fails is counted, and its error passes', async t => {
  const backend = openSqliteState({ directory: join(testDirectory(t), 'data'), projectId: 'p' })
  const watched = watchLock(backend)
  await backend.close()
  await t.rejects(watched.acquire(1), StateUnavailableError)
  t.same(watched.lockFigures(), { ...NONE, failed: 1 })
})
