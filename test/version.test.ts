import { execFileSync } from 'node:child_process'
import t from 'tap'
import { VERSION } from '../src/version.ts'

t.test('the version is that of the package', async t => {
  const cwd = `${import.meta.dirname}/..`
  t.equal(VERSION, JSON.parse(execFileSync('npm', ['pkg', 'get', 'version'], { cwd, encoding: 'utf8' })))
})
