import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { run as start } from './process.ts'
import { testDirectory } from './fixtures/directory.ts'

const MAIN = join(import.meta.dirname, '../src/main.js')

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

t.test('on an old Node it says what to do, in a sentence', async t => {
  const old = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})'
  const { status, stderr } = run('--import', old, MAIN, '--help')
  t.equal(status, 1)
  t.match(stderr, /^jelou-receiver needs Node 24 or newer; this is 20\.20\.2\. .*npm ci.*\n$/)
})

t.test('on this Node it runs the command', async t => {
  t.match(run(MAIN, '--help'), { status: 0, stdout: /^jelou-receiver: .*serve.*consume/s, stderr: '' })
})

t.test('what nobody reads any more is no failure', async t => {
  const { child, stderr, exit } = start(t, ['--help'])
  child.stdout?.destroy()
  t.same(await exit, { code: 0, signal: null })
  t.equal(stderr(), '')
})

t.test('what cannot be written to a full disk is a failure, in a sentence', async t => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  const { status, stderr } = spawnSync(process.execPath, [MAIN, '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  })
  t.equal(status, 1)
  t.match(stderr, /^ENOSPC: [^\n]+\n$/)
})

t.test('demo ends when nobody reads it any more, and leaves nothing behind', async t => {
  const directory = testDirectory(t, {})
  const { child, stderr, exit, until } = start(t, ['demo'], { env: { TMPDIR: directory } })
  await until(/^simulate/)
  child.stdout?.destroy()
  t.same(await exit, { code: 0, signal: null })
  t.equal(stderr(), '')
  t.same(await readdir(directory), [])
})

t.test('demo that a signal ends before it is through ends with 0', async t => {
  const { child, stderr, exit, until } = start(t, ['demo', '--once'])
  await until(/^simulate/)
  child.kill('SIGINT')
  t.same(await exit, { code: 0, signal: null })
  t.equal(stderr(), '')
})
