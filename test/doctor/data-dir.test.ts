import { chmodSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkDataDir } from '../../src/doctor/data-dir.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.test('a directory for the service alone is well, and nothing is left in it', async t => {
  const directory = testDirectory(t, { 'state.sqlite': '', 'other.txt': '' })
  chmodSync(directory, 0o700)
  chmodSync(join(directory, 'state.sqlite'), 0o600)
  t.same(await checkDataDir(directory, { holdsState: true }), {
    status: 'ok',
    detail: `${directory} can be written and synced`,
  })
  t.same(readdirSync(directory).toSorted(), ['other.txt', 'state.sqlite'])
})

t.test('what others can reach is named, with what to do', async t => {
  const cases = [
    [
      0o755,
      0o600,
      0o600,
      true,
      'wrong',
      /^others can reach \S+-named-with-what-to-do\/? \(mode 755\)$/,
      /chmod 700/,
    ],
    [0o700, 0o644, 0o600, true, 'wrong', /state\.sqlite \(mode 644\)$/, /chmod 600 .*state\.sqlite$/],
    [0o700, 0o600, 0o640, true, 'warning', /queue\.sqlite \(mode 640\)$/, /chmod 600 .*queue\.sqlite$/],
    [0o755, 0o600, 0o600, false, 'ok', /can be written/, undefined],
  ] as const
  const directory = testDirectory(t, { 'state.sqlite': '', 'queue.sqlite': '' })
  for (const [folder, state, queue, holdsState, status, detail, advice] of cases) {
    chmodSync(directory, folder)
    chmodSync(join(directory, 'state.sqlite'), state)
    chmodSync(join(directory, 'queue.sqlite'), queue)
    t.match(await checkDataDir(directory, { holdsState }), { status, detail, advice }, String(detail))
  }
})

t.test('a directory that is not there yet', async t => {
  const directory = testDirectory(t, { file: '' })
  t.match(await checkDataDir(join(directory, 'a/b'), { holdsState: true }), {
    status: 'ok',
    detail: /does not exist yet/,
  })
  t.match(await checkDataDir(join(directory, 'file'), { holdsState: true }), {
    status: 'wrong',
    detail: /is not a directory/,
  })
  t.match(await checkDataDir(join(directory, 'file/b'), { holdsState: true }), {
    status: 'wrong',
    detail: /ENOTDIR/,
  })
  symlinkSync(join(directory, 'nowhere'), join(directory, 'link'))
  for (const below of ['link', 'link/b'])
    t.match(await checkDataDir(join(directory, below), { holdsState: true }), {
      status: 'wrong',
      detail: /link is a link to nothing$/,
      advice: /^make what it points to/,
    })
  // As for a user who is not root.
  const denied = Object.assign(new Error('denied'), { code: 'EACCES' })
  const access = () => Promise.reject(denied)
  t.match(await checkDataDir(join(directory, 'a/b'), { holdsState: true, access }), {
    status: 'wrong',
    detail: /b does not exist, and cannot be made in \S+: EACCES$/,
    advice: /chown/,
  })
})

t.test('a directory of somebody else', async t => {
  const directory = testDirectory(t)
  chmodSync(directory, 0o700)
  t.match(await checkDataDir(directory, { holdsState: true, uid: 4_294_967 }), {
    status: 'warning',
    detail: /belongs to user \d+, and this is user 4294967$/,
    advice: /chown/,
  })
})

t.test('a directory that cannot be written', async t => {
  // /proc/self is one even for root.
  t.match(await checkDataDir('/proc/self', { holdsState: false }), {
    status: 'wrong',
    detail: /^\/proc\/self cannot be written to disk: E/,
    advice: /make room/,
  })
})
