import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createSimulator } from '../src/simulator/simulator.ts'
import { freePort } from './brokers/server.ts'
import { startReady, stop, variables } from './conformance/service.ts'
import { withoutOpenssl } from './fixtures/openssl.ts'
import { testDirectory } from './fixtures/directory.ts'

const ROOT = join(import.meta.dirname, '..')
const document = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')

/** The lines of the first block of shell commands that holds the text. */
function block(text: string): string {
  const blocks = document.split('```sh\n').slice(1)
  return blocks.map(block => block.slice(0, block.indexOf('```'))).find(block => block.includes(text)) ?? ''
}

t.test('the backup that is described is taken while the service runs, and restores the secret', async t => {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const directory = testDirectory(t)
  const port = String(await freePort())
  const environment = variables(directory, {
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    PORT: port,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
  })
  const service = await startReady(t, environment)
  const { NODE_OPTIONS: _, ...env } = process.env
  const path = `${join(process.execPath, '..')}:${env.PATH}`
  execFileSync('sh', ['-ec', block('VACUUM INTO')], { cwd: directory, env: { ...env, PATH: path } })
  t.equal(await stop(service), 0)

  rmSync(join(environment.DATA_DIR, 'state.sqlite'))
  copyFileSync(join(directory, 'backup/state.sqlite'), join(environment.DATA_DIR, 'state.sqlite'))
  const restored = await startReady(t, environment)
  t.match(await jelou.send(jelou.event('text')), { status: 200 }, 'the secret is the same')
  t.equal(jelou.calls.filter(({ method }) => method === 'POST').length, 1, 'nothing was made anew')
  t.equal(await stop(restored), 0)
})

t.test('every command that is named there is one', async t => {
  const named = new Set(
    [...document.matchAll(/node src\/main\.js (\w+)((?: --[a-z]+)*)/g)].map(([call]) => call),
  )
  t.ok(named.size > 8)
  for (const call of named) {
    const [command = '', ...options] = call.replace('node src/main.js ', '').split(' ')
    const { status, stdout } = spawnSync(process.execPath, ['src/main.js', command, '--help'], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    t.equal(status, 0, call)
    for (const option of options) t.match(stdout, option, call)
  }
})

t.test('the keys that are described are keys', { skip: withoutOpenssl }, async t => {
  const key = execFileSync('sh', ['-ec', block('openssl')], { encoding: 'utf8' })
  t.equal(Buffer.from(key.trim(), 'base64').length, 32)
})
