import { join } from 'node:path'
import t from 'tap'
import { StateUnavailableError } from '../../src/errors.ts'
import { openLater } from '../../src/state/open-later.ts'
import { openSqliteState } from '../../src/state/sqlite.ts'
import { testDirectory } from '../fixtures/directory.ts'

void t.test('is opened at its first use, once, and does all that the backend does', async t => {
  let times = 0
  const state = openLater('there', async () => {
    times += 1
    if (times === 1) throw new StateUnavailableError('there', 'ECONNREFUSED')
    return openSqliteState({ directory: join(testDirectory(t), 'data'), projectId: 'p' })
  })
  t.equal(state.location, 'there')
  t.equal(times, 0)
  await t.rejects(state.read(), { code: 'ERR_STATE_UNAVAILABLE' })
  t.same(await Promise.all([state.read(), state.announce('m', 'v', 1000)]), [null, ['v']])
  t.equal(times, 2)
  const lock = await state.acquire(1000)
  await state.write(Buffer.from('record'), lock?.fence ?? 0)
  t.same(await state.read(), Buffer.from('record'))
  await state.withdraw('m')
  t.same(await state.announce('n', 'w', 1000), ['w'])
  await state.close()
  await state.close()
  await t.rejects(state.read())
})

void t.test('what was never opened is closed all the same', async t => {
  const never = openLater('there', async () => Promise.reject(new StateUnavailableError('there', 'away')))
  await never.close()
  const failing = never.read()
  await never.close()
  await t.rejects(failing, { code: 'ERR_STATE_UNAVAILABLE' })
})
