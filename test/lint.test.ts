import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'

const root = join(import.meta.dirname, '..')

/** Runs the linter as `npm run check` does, with the project's settings, over one file. */
function lint(t: Test, source: string): { status: number | null; rules: string[] } {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [, options = ''] = /\boxlint (.*?) &&/.exec(scripts.check) ?? []
  // Not beside the tests: the settings leave tap's own directory out, and other tests read the rest.
  const directory = mkdtempSync(join(tmpdir(), 'jelou-receiver-lint-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  for (const name of ['.oxlintrc.json', 'tsconfig.json'])
    copyFileSync(join(root, name), join(directory, name))
  writeFileSync(join(directory, 'sample.ts'), source)
  const oxlint = [process.execPath, join(root, 'node_modules/oxlint/bin/oxlint'), ...options.split(' ')]
  // env(1) takes out tap's loaders, with which the linter's own program does not start.
  const { status, stdout } = spawnSync('env', ['-u', 'NODE_OPTIONS', ...oxlint, '--format', 'json'], {
    cwd: directory,
    encoding: 'utf8',
  })
  const { diagnostics }: { diagnostics: { code: string }[] } = JSON.parse(stdout)
  return { status, rules: diagnostics.map(({ code }) => code) }
}

const begin = 'async function work(): Promise<void> {}\n'

t.test('the linter catches a promise that nobody waits for', async t => {
  t.strictSame(lint(t, `${begin}work()\n`), { status: 1, rules: ['typescript(no-floating-promises)'] })
  t.strictSame(lint(t, `${begin}await work()\n`), { status: 0, rules: [] })
})
