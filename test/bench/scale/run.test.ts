import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { ScaleResults } from './results.ts'
import { testDirectory } from '../../fixtures/directory.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../../..')
const { NODE_OPTIONS: _, ...environment } = process.env

/** As `npm run scale` does. */
const scale = (...args: string[]) =>
  run(process.execPath, [join(ROOT, 'test/bench/scale/run.ts'), ...args], { env: environment, cwd: ROOT })

t.test('npm run scale measures, finds what it sent, and writes the report', { timeout: 170_000 }, async t => {
  const folder = join(testDirectory(t), 'report')
  const { stdout } = await scale('--quick', '--only', 'backlog,replicas', '--seed', 'test', '--out', folder)
  t.match(stdout, /^\| 0 \| embedded \| [\d,]+ \|/m)
  const results = JSON.parse(readFileSync(join(folder, 'benchmarks/scale.json'), 'utf8')) as ScaleResults
  t.match(results.run, { seed: 'test', rounds: 1, seconds: 1 })
  t.strictSame(
    results.curves.map(({ name, points }) => [name, points.map(({ value }) => value)]),
    [
      ['backlog', [0, 100_000]],
      ['replicas', [1, 2]],
    ],
  )
  for (const { name, points } of results.curves)
    for (const { samples } of points)
      for (const [subject, [sample]] of Object.entries(samples))
        t.ok(sample !== undefined && sample.perSecond > 0 && sample.failed === 0, `${name} ${subject}`)
  t.ok(existsSync(join(folder, 'scaling.md')))
})

t.test('a curve that there is none of is named', async t => {
  const error = await scale('--only', 'room').catch((error: { stderr: string }) => error)
  t.match(error.stderr, /no curve is called room; there are connections, /)
})

t.test('it says how it is used', async t => {
  t.match((await scale('--help')).stdout, /--only a,b/)
})
