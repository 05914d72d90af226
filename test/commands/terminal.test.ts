import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startAdmin } from '../admin/harness.ts'
import { testDirectory } from '../fixtures/directory.ts'

const MAIN = join(import.meta.dirname, '../../src/main.js')
const skip = spawnSync('script', ['--version']).error ? 'script (of util-linux) is not installed' : false
const SETTINGS = { JELOU_PROJECT_ID: 'p', JELOU_API_KEY: 'k', PUBLIC_URL: 'https://example.com' }
const ESCAPE = '\u001B['

/** Runs a command in a real terminal, whose user types this; resolves with what is seen there. */
async function inTerminal(t: Test, args: string[], env: NodeJS.ProcessEnv, typed = ''): Promise<string> {
  const command = [process.execPath, MAIN, ...args].join(' ')
  // As in the shell of a person: without what the runner of the tests puts into the environment.
  const environment = ['PATH=/usr/bin:/bin', 'TERM=xterm-256color', ...entries({ ...SETTINGS, ...env })]
  const child = spawn('env', ['-i', ...environment, 'script', '-qec', command, '/dev/null'], {
    cwd: testDirectory(t),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const seen = text(child.stdout)
  child.stdin.write(typed)
  await once(child, 'close')
  return seen
}

function entries(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`)
}

t.test('a terminal shows colour, unless it is not wanted', { skip }, async t => {
  t.match(await inTerminal(t, ['config'], {}), `${ESCAPE}1mVARIABLE${ESCAPE}22m`)
  const cases = [
    [['config'], { NO_COLOR: '1' }],
    [['config'], { TERM: 'dumb' }],
    [['config', '--json'], {}],
  ] as const
  for (const [args, env] of cases)
    t.notMatch(await inTerminal(t, [...args], env), ESCAPE, JSON.stringify([args, env]))
})

t.test('a person at a terminal is asked before it is too late', { skip }, async t => {
  const { url } = await startAdmin(t)
  const seen = await inTerminal(t, ['unregister', '--url', url], {}, 'yes\n')
  t.match(seen, /Type yes to go on: /)
  t.match(seen, 'unregistered: Jelou sends no more events')
  t.match(await inTerminal(t, ['unregister', '--url', url], {}, 'no\n'), 'nothing was done')
})
