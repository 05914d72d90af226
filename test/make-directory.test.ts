import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { makeDirectory } from '../src/make-directory.ts'
import { testDirectory } from './fixtures/directory.ts'

const CODE = 'ERR_DIRECTORY'

t.test('makes what is missing, for this user alone, and takes what is there', async t => {
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const root = testDirectory(t, { there: {}, link: t.fixture('symlink', 'there') })
  const names = [
    'new',
    'new/a/b',
    'there',
    'link/below',
    'with space/and\nline',
    'new/../new/c',
    'x'.repeat(255),
  ]
  for (const name of names) {
    makeDirectory(join(root, name))
    makeDirectory(join(root, name))
    t.ok(statSync(join(root, name)).isDirectory(), name)
  }
  for (const made of ['new', 'new/a', 'new/a/b', 'there/below'])
    t.equal(statSync(join(root, made)).mode & 0o777, 0o700, made)
  makeDirectory('/')
})

t.test('what cannot be is told at once, with its path and what to do', async t => {
  const root = testDirectory(t, { file: '' })
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling'))
  symlinkSync(join(root, 'circle'), join(root, 'circle'))
  const long = 'x'.repeat(300)
  const cases: [path: string, message: RegExp][] = [
    [
      join(root, 'file'),
      /file cannot be used: EEXIST: a file, or a link to nothing, is in its place\. Move that away/,
    ],
    [join(root, 'file/below'), /file\/below cannot be used: ENOTDIR: a part of the path is a file\./],
    [join(root, 'dangling'), /dangling cannot be used: EEXIST: a file, or a link to nothing/],
    [join(root, 'dangling/below'), /below cannot be used: EEXIST: a file, or a link to nothing/],
    [join(root, 'circle'), /circle cannot be used: ELOOP: its links lead in a circle/],
    [
      join('/', long),
      new RegExp(`^The directory /x{199}… cannot be used: ENAMETOOLONG: its name is too long`),
    ],
    [`/${'y/'.repeat(5_000)}`, /its name is too long/],
  ]
  for (const [path, message] of cases)
    t.throws(() => makeDirectory(path), { code: CODE, message, cause: { code: String } }, path.slice(0, 100))
  t.notOk(existsSync(join(root, 'nowhere')))
  t.ok(lstatSync(join(root, 'dangling')).isSymbolicLink())
})

t.test('where nobody may make anything, not even root, it does not try for ever', async t => {
  if (process.platform !== 'linux') return
  t.throws(() => makeDirectory('/proc/jelou-receiver/data'), {
    code: CODE,
    message:
      /^The directory \/proc\/jelou-receiver\/data cannot be used: ENOENT: it cannot be made there\. Name another one in DATA_DIR or QUEUE_URL$/,
  })
  t.throws(() => makeDirectory('/sys/jelou-receiver'), { code: CODE, message: /cannot be used: / })
  // An error that is not among the known ones is told by its code.
  t.throws(() => makeDirectory('/dev/null/\0'), { code: CODE, message: /used: ERR_INVALID_ARG_VALUE$/ })
})

t.test('one that may not be written', async t => {
  const root = mkdtempSync(join(tmpdir(), 'make-directory-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  const path = join(root, 'closed')
  mkdirSync(path)
  for (const [directory, mode] of [
    [root, 0o755],
    [path, 0o555],
  ] as const)
    chmodSync(directory, mode)
  asNobody(() => {
    // Whether one that is there can be written is asked of the system in the name of whoever began the process.
    const there = process.getuid?.() === 0 ? [] : [path]
    for (const directory of [...there, join(path, 'below')])
      t.throws(() => makeDirectory(directory), {
        code: CODE,
        message: /this user may not make or write it.*chown/,
      })
  })
})

/** Does something without the rights of root, whom nothing is forbidden. */
function asNobody(act: () => void): void {
  if (process.geteuid?.() !== 0) return act()
  process.seteuid?.(65_534)
  try {
    act()
  } finally {
    process.seteuid?.(0)
  }
}
