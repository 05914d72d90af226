import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { StateUnavailableError } from '../../src/errors.ts'
import { createSeal } from '../../src/state/seal.ts'
import { withLock } from '../../src/state/lock.ts'
import { openSqliteState } from '../../src/state/sqlite.ts'
import { createStore, type Store } from '../../src/state/store.ts'
import type { StateBackend } from '../../src/state/types.ts'
import { testDirectory } from '../fixtures/directory.ts'

const schema = z.looseObject({ secret: z.string() })
const projectId = 'p'
const key = randomBytes(32)

function openBackend(t: Test): StateBackend {
  const backend = openSqliteState({ directory: join(testDirectory(t), 'data'), projectId })
  t.teardown(() => backend.close())
  return backend
}

function storeOn(backend: StateBackend, keys: Buffer[] = []) {
  return createStore({ backend, schema, seal: createSeal({ keys, projectId, location: backend.location }) })
}

function save<T>(backend: StateBackend, store: Store<T>, value: T): Promise<void> {
  return withLock(backend, {}, ({ fence }) => store.save(value, fence))
}

void t.test('gives back what was saved, with fields it does not know', async t => {
  const backend = openBackend(t)
  t.equal(await storeOn(backend).load(), null)
  const value = { secret: 's', later: { version: 2 } }
  await save(backend, storeOn(backend), value)
  t.same(await storeOn(backend).load(), value)
  await storeOn(backend).close()
  await t.rejects(backend.read(), 'closes its backend')
})

void t.test('a plain record is sealed as soon as a key is set', async t => {
  const backend = openBackend(t)
  await save(backend, storeOn(backend), { secret: 'in-the-open' })
  t.ok((await backend.read())?.includes('in-the-open'))
  t.same(await storeOn(backend, [key]).load(), { secret: 'in-the-open' })
  const sealed = await backend.read()
  t.notOk(sealed?.includes('in-the-open'))
  t.same(await storeOn(backend, [key]).load(), { secret: 'in-the-open' })
  t.same(await backend.read(), sealed, 'and then left alone')
  await t.rejects(storeOn(backend).load(), { code: 'ERR_STATE_KEY' })
  t.same(await backend.read(), sealed)
})

void t.test('a record is sealed again only by whoever can take the lock', async t => {
  const backend = openBackend(t)
  await save(backend, storeOn(backend), { secret: 'plain' })
  const plain = await backend.read()
  const lock = await backend.acquire(15_000)
  t.same(await storeOn(backend, [key]).load(), { secret: 'plain' })
  t.same(await backend.read(), plain, 'left alone')
  await lock?.release()

  const away = { ...backend, acquire: () => Promise.reject(new StateUnavailableError('here', 'away')) }
  await t.rejects(storeOn(away, [key]).load(), { code: 'ERR_STATE_UNAVAILABLE' })
})

void t.test('what somebody saved meanwhile is not undone by sealing again', async t => {
  for (const meanwhile of [{ secret: 'newer' }, { secret: 'newer, sealed' }]) {
    const backend = openBackend(t)
    await save(backend, storeOn(backend), { secret: 'older' })
    const keys = meanwhile.secret.includes('sealed') ? [key] : []
    const late: StateBackend = {
      ...backend,
      async acquire(lease) {
        await save(backend, storeOn(backend, keys), meanwhile)
        return backend.acquire(lease)
      },
    }
    t.same(await storeOn(late, [key]).load(), meanwhile)
    t.same(await storeOn(backend, [key]).load(), meanwhile)
    t.notOk((await backend.read())?.includes('newer'))
  }
})

void t.test('a record that is not what it should be', async t => {
  const cases = [
    { name: 'not JSON', content: 'top-secret', message: /is not JSON/ },
    { name: 'a wrong field', content: '{"secret":123456}', message: /wrong at: secret\. / },
    { name: 'not an object', content: '"top-secret"', message: /wrong at: the whole\. / },
  ]
  for (const { name, content, message } of cases) {
    const backend = openBackend(t)
    const record = createSeal({ keys: [], projectId, location: '' }).seal(Buffer.from(content))
    await withLock(backend, {}, ({ fence }) => backend.write(record, fence))
    const error: unknown = await storeOn(backend, [key])
      .load()
      .catch((error: unknown) => error)
    t.match(error, { code: 'ERR_STATE_CORRUPT', message }, name)
    t.notMatch(String(error), /top-secret|123456/)
    t.equal(error instanceof Error && error.cause, undefined, 'no cause that quotes the record')
    t.same(await backend.read(), record, 'nothing was changed')
  }
})
