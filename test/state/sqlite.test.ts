import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { openSqliteState } from '../../src/state/sqlite.ts'
import type { StateBackend } from '../../src/state/types.ts'
import { stateContract } from './state-contract.ts'
import { testDirectory } from '../fixtures/directory.ts'

const projectId = 'project-1'

stateContract(t, { url: () => new URL('sqlite:'), directory: join(testDirectory(t), 'contract') })

async function write(state: StateBackend, text: string): Promise<void> {
  const lock = await state.acquire(60_000)
  if (lock === null) throw new Error('somebody holds the lock')
  await state.write(Buffer.from(text), lock.fence)
  await lock.release()
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

void t.test('keeps one record per project across reopening, for the user alone', async t => {
  // An open umask must not open the files.
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const parent = join(testDirectory(t), 'new')
  const directory = join(parent, 'data')
  const first = openSqliteState({ directory, projectId })
  t.equal(first.location, join(directory, 'state.sqlite'))
  t.equal(await first.read(), null)
  await write(first, 'one')
  await write(first, 'two')
  t.equal(modeOf(parent), 0o700)
  t.equal(modeOf(directory), 0o700)
  t.equal(modeOf(first.location), 0o600)
  await first.close()
  await first.close()

  const other = openSqliteState({ directory, projectId: 'project-2' })
  t.equal(await other.read(), null)
  await write(other, 'other')
  await other.close()

  const second = openSqliteState({ directory, projectId })
  t.same(await second.read(), Buffer.from('two'))
  await second.close()
})

void t.test('an overwritten record leaves no trace in the file', async t => {
  const state = openSqliteState({ directory: join(testDirectory(t), 'data'), projectId })
  await write(state, `plain-secret${'.'.repeat(3000)}`)
  t.ok(readFileSync(state.location).includes('plain-secret'))
  await write(state, 'short')
  t.notOk(readFileSync(state.location).includes('plain-secret'))
  await state.close()
})

type Case = {
  name: string
  code: string
  message: RegExp
  prepare: (directory: string, path: string) => void
}

function makeDatabase(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
  chmodSync(path, 0o600)
}

void t.test('what cannot be used is a clear error and stays as it was', async t => {
  const cases: Case[] = [
    {
      name: 'a directory that others can reach',
      code: 'ERR_STATE_PERMISSIONS',
      message: /data \(mode 750\): name a directory in DATA_DIR .*, or run chmod 700 .*data$/,
      prepare: directory => chmodSync(directory, 0o750),
    },
    {
      name: 'a file that others can reach',
      code: 'ERR_STATE_PERMISSIONS',
      message: /state\.sqlite \(mode 604\): run chmod 600 .*state\.sqlite$/,
      prepare: (_, path) => {
        writeFileSync(path, '')
        chmodSync(path, 0o604)
      },
    },
    {
      name: 'not a database',
      code: 'ERR_STATE_CORRUPT',
      message: /not a database/,
      prepare: (_, path) => writeFileSync(path, 'something else '.repeat(100), { mode: 0o600 }),
    },
    {
      name: 'the database of another program',
      code: 'ERR_STATE_CORRUPT',
      message: /application_id is 0/,
      prepare: (_, path) => makeDatabase(path, 'CREATE TABLE theirs (a)'),
    },
    {
      name: 'a damaged page',
      code: 'ERR_STATE_CORRUPT',
      message: /quick_check|malformed/,
      prepare: (directory, path) => {
        void openSqliteState({ directory, projectId }).close()
        const bytes = readFileSync(path)
        writeFileSync(path, bytes.fill(0xff, 4096, 6000))
      },
    },
    {
      name: 'a directory in place of the file',
      code: 'ERR_STATE_UNAVAILABLE',
      message: /unable to open/,
      prepare: (_, path) => mkdirSync(path, { mode: 0o700 }),
    },
  ]
  for (const { name, code, message, prepare } of cases) {
    void t.test(name, async t => {
      const directory = join(testDirectory(t), 'data')
      const path = join(directory, 'state.sqlite')
      mkdirSync(directory, { mode: 0o700 })
      prepare(directory, path)
      const content = (): Buffer | null =>
        statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : null
      const before = content()
      t.throws(() => openSqliteState({ directory, projectId }), { code, message })
      t.same(content(), before)
    })
  }
})

void t.test('a first start that was cut off is undone and made again', async t => {
  const directory = join(testDirectory(t), 'data')
  const path = join(directory, 'state.sqlite')
  mkdirSync(directory, { mode: 0o700 })
  // With a tiny cache SQLite writes pages before the commit: a copy of the files is what a power cut leaves.
  const db = new DatabaseSync(join(t.testdirName, 'other.sqlite'))
  t.teardown(() => db.close())
  db.exec('PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (content BLOB) STRICT')
  for (let n = 0; n < 10; n++) db.prepare('INSERT INTO half VALUES (?)').run(Buffer.alloc(4000))
  for (const suffix of ['', '-journal']) {
    copyFileSync(join(t.testdirName, `other.sqlite${suffix}`), `${path}${suffix}`)
    chmodSync(`${path}${suffix}`, 0o600)
  }
  t.ok(statSync(path).size > 0)
  const state = openSqliteState({ directory, projectId })
  await write(state, 'kept')
  await state.close()
  const again = openSqliteState({ directory, projectId })
  t.same(await again.read(), Buffer.from('kept'))
  await again.close()
})

void t.test('a file in place of the directory', async t => {
  const directory = join(testDirectory(t, { data: 'a file' }), 'data')
  t.throws(() => openSqliteState({ directory, projectId }), {
    code: 'ERR_DIRECTORY',
    message: /a file, or a link to nothing, is in its place/,
  })
})

void t.test('a path through a file', async t => {
  const directory = join(testDirectory(t, { data: 'a file' }), 'data', 'deeper')
  t.throws(() => openSqliteState({ directory, projectId }), {
    code: 'ERR_DIRECTORY',
    message: /a part of the path is a file/,
  })
})

void t.test('a locked file is unavailable, at the start and later', async t => {
  const directory = join(testDirectory(t), 'data')
  const state = openSqliteState({ directory, projectId })
  await write(state, 'kept')
  const holder = new DatabaseSync(state.location)
  t.teardown(() => holder.close())
  holder.exec('BEGIN EXCLUSIVE')
  t.throws(() => openSqliteState({ directory, projectId }), {
    code: 'ERR_STATE_UNAVAILABLE',
    message: /locked/,
  })
  await t.rejects(state.write(Buffer.from('new'), 1), { code: 'ERR_STATE_UNAVAILABLE', message: /locked/ })
  await t.rejects(state.read(), { code: 'ERR_STATE_UNAVAILABLE' })
  holder.exec('ROLLBACK')
  t.same(await state.read(), Buffer.from('kept'))
  await state.close()
})

void t.test('an announcement that fails leaves nothing open', async t => {
  const state = openSqliteState({ directory: join(testDirectory(t), 'data'), projectId })
  await t.rejects(state.announce('a', 'b', NaN), { code: 'ERR_STATE_UNAVAILABLE' })
  t.same(await state.announce('a', 'b', 1000), ['b'])
  await state.close()
})

void t.test('a file of before there was a lock gets one, and keeps its record', async t => {
  const directory = join(testDirectory(t), 'data')
  mkdirSync(directory, { mode: 0o700 })
  makeDatabase(
    join(directory, 'state.sqlite'),
    `CREATE TABLE records (project_id TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT;
     INSERT INTO records VALUES ('${projectId}', x'6f6c64'); PRAGMA application_id = 0x6a6c7374`,
  )
  const state = openSqliteState({ directory, projectId })
  t.same(await state.read(), Buffer.from('old'))
  await write(state, 'new')
  t.same(await state.read(), Buffer.from('new'))
  await state.close()
})

void t.test('a lock that was left before the clock was set back is taken over', async t => {
  const state = openSqliteState({ directory: join(testDirectory(t), 'data'), projectId })
  t.teardown(() => state.close())
  const cases: [name: string, ahead: number, isTaken: boolean][] = [
    ['just given', 0, false],
    ['given by a clock that was an hour ahead', 3_600_000, true],
  ]
  for (const [name, ahead, isTaken] of cases) {
    const left = await state.acquire(15_000)
    const db = new DatabaseSync(state.location)
    db.prepare('UPDATE locks SET until = until + ?').run(ahead)
    db.close()
    const next = await state.acquire(15_000)
    t.equal(next !== null, isTaken, name)
    if (isTaken) t.equal(await left?.renew(15_000), false, 'whoever had it has lost it')
    await next?.release()
    await left?.release()
  }
})
