import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

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
