import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { createPrivateFile, lockQueue, syncPath } from '../../../src/queue/drivers/sqlite-files.ts'
import { directory } from './fixtures/directory.ts'
import { testDirectory } from '../../fixtures/directory.ts'

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

void t.test('creates a file that only its owner can reach', async t => {
  const file = join(directory(t), 'a', 'b', 'queue.db')
  createPrivateFile(file)
  t.equal(mode(file), '600')
  t.equal(mode(dirname(file)), '700')
  t.equal(mode(dirname(dirname(file))), '700')
})

void t.test('leaves a file that is there', async t => {
  const file = join(testDirectory(t, { 'queue.db': 'content' }), 'queue.db')
  createPrivateFile(file)
  t.equal(statSync(file).size, 7)
})

void t.test('creates a file in a directory that is there', async t => {
  const parent = directory(t)
  createPrivateFile(join(parent, 'queue.db'))
  t.ok(existsSync(join(parent, 'queue.db')))
})

void t.test('creates a file whose path names no directory', async t => {
  const before = process.cwd()
  t.teardown(() => process.chdir(before))
  process.chdir(directory(t))
  createPrivateFile('queue.db')
  createPrivateFile(join('a', 'b', 'queue.db'))
  t.same([mode('queue.db'), mode('a'), mode(join('a', 'b', 'queue.db'))], ['600', '700', '600'])
})

void t.test('says why it could not', async t => {
  const parent = join(directory(t), 'queue.db')
  mkdirSync(parent)
  t.throws(() => createPrivateFile(join(parent, 'x'.repeat(300))), { code: 'ENAMETOOLONG' })
  t.throws(() => syncPath(join(parent, 'missing')), { code: 'ENOENT' })
})

void t.test('has one owner', async t => {
  const file = join(directory(t), 'queue.db')
  const unlock = lockQueue(file)
  t.throws(() => lockQueue(file), { code: 'ERR_QUEUE_LOCKED' }, 'within this process')
  const child = fork(new URL('fixtures/lock.ts', import.meta.url), [file], { execArgv: [] })
  t.same(await once(child, 'message'), ['ERR_QUEUE_LOCKED', undefined], 'in another process')
  await once(child, 'exit')
  unlock()
  lockQueue(file)()
})

void t.test('is free again once its owner was killed', async t => {
  const file = join(directory(t), 'queue.db')
  const child = fork(new URL('fixtures/lock.ts', import.meta.url), [file], { execArgv: ['--expose-gc'] })
  t.same(await once(child, 'message'), ['locked', undefined])
  t.throws(() => lockQueue(file), { code: 'ERR_QUEUE_LOCKED' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockQueue(file)()
})

void t.test('tells a lock from a file that cannot be one', async t => {
  const file = join(directory(t), 'queue.db')
  writeFileSync(`${file}.lock`, 'not a database, and long enough to be read as the header of one'.repeat(10))
  t.throws(() => lockQueue(file), { code: 'ERR_SQLITE_ERROR' })
})
