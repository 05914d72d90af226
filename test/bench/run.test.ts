import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Results } from './results.ts'
import { testDirectory } from '../fixtures/directory.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const { NODE_OPTIONS: _, ...environment } = process.env

/** As `npm run bench` does. */
const bench = (...args: string[]) =>
  run(process.execPath, [join(ROOT, 'test/bench/run.ts'), ...args], { env: environment, cwd: ROOT })

t.test('npm run bench measures, finds what it sent, and writes the report', { timeout: 170_000 }, async t => {
  const folder = join(testDirectory(t), 'report')
  const { stdout } = await bench(
    '--quick',
    '--subjects',
    'embedded,fastify-xadd',
    '--seed',
    'test',
    '--out',
    folder,
  )
  t.match(stdout, /^\| embedded \| this service \| [\d,]+ \|/m)
  t.match(stdout, /^\| embedded takes ≥ 0\.9 /m)
  const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Results
  t.match(results.run, { seed: 'test', rounds: 1, seconds: 1, connections: 64 })
  const [round] = results.rounds
  t.strictSame(
    [...Object.keys(round?.subjects ?? {}), ...Object.keys(results.skipped)],
    ['bare-fastify', 'embedded', 'fastify-xadd'],
    'those that were asked for, and the baseline',
  )
  for (const [name, sample] of Object.entries(round?.subjects ?? {}))
    t.ok(sample.perSecond > 0 && sample.failed === 0, name)
  t.strictSame(Object.keys(round?.halfLoad ?? {}), ['embedded', 'bare-fastify'])
  t.ok(Number(round?.fdatasync) > 0 && Number(round?.overload?.offered) > 0 && round?.ready?.length === 3)
  for (const name of ['README.md', 'speed.svg', 'latency.svg', 'reached.json'])
    t.ok(existsSync(join(folder, name)), name)
})

t.test('a subject that there is none of is named', async t => {
  const error = await bench('--subjects', 'embeded').catch((error: { stderr: string }) => error)
  t.match(error.stderr, /no subject is called embeded; there are bare-http, /)
})

t.test('it says how it is used', async t => {
  t.match((await bench('--help')).stdout, /--subjects a,b/)
})
