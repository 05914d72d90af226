import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'

// Runs every test, and names at the end what was skipped and why.
const RESULTS = '.tap/test-results'

rmSync(RESULTS, { recursive: true, force: true })
const { status } = spawnSync('tap', process.argv.slice(2), { stdio: 'inherit' })

const skipped = globSync(`${RESULTS}/**/*.tap`).flatMap(file =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => /^ *ok .*# SKIP/i.test(line))
    .map(line => `  ${file.slice(RESULTS.length + 1, -'.tap'.length)}: ${line.trim()}`),
)
console.log(skipped.length === 0 ? 'Skipped: nothing' : ['Skipped:', ...skipped].join('\n'))
process.exitCode = status ?? 1
