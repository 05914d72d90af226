import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { latencyPlot, speedPlot } from './plots.ts'
import type { Results } from './results.ts'
import type { Subject } from './subjects/subject.ts'
import { tablesOf } from './tables.ts'

const COMMITTED = join(import.meta.dirname, '../../docs/benchmarks')
const REACHED = 'reached.json'
const PICTURES =
  '![Requests per second of each subject, as shares of bare Fastify](speed.svg)\n\n' +
  '![Latency of each subject at full load: p50, p99, p99.9](latency.svg)'
const END = '<!-- end of results -->'

/** The goals that a committed run reached, by their ids. */
export function readReached(folder = COMMITTED): Set<string> {
  return new Set(Object.keys(reachedIn(folder)))
}

/**
 * Writes into a folder everything that a run gave: results.json, plots, the part of README.md between its marks (the whole file where
 * there is none), and the goals that are reached for the first time to those that were reached once.
 */
export function writeReport(
  folder: string,
  results: Results,
  subjects: readonly Pick<Subject, 'name' | 'group' | 'about'>[],
): void {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write('results.json', `${JSON.stringify(results, null, 2)}\n`)
  writeResults(join(folder, 'README.md'), 'bench', `${tablesOf(results, subjects)}\n\n${PICTURES}`)
  write('speed.svg', speedPlot(results, subjects))
  write('latency.svg', latencyPlot(results, subjects))
  const first = results.goals
    .filter(({ reached }) => reached)
    .map(({ id, value }) => [
      id,
      { value: value?.median, commit: results.run.commit, date: results.run.date },
    ])
  write(REACHED, `${JSON.stringify({ ...Object.fromEntries(first), ...reachedIn(folder) }, null, 2)}\n`)
}

/** Puts Markdown between the marks of a command in a document, or makes one of it. Throws when the document has no such marks. */
export function writeResults(file: string, command: string, results: string): void {
  const begin = `<!-- results: written by \`npm run ${command}\` -->\n`
  const [before = '', rest] = (existsSync(file) ? readFileSync(file, 'utf8') : begin + END).split(begin)
  if (rest === undefined) throw new Error(`${file} has no line ${begin}`)
  writeFileSync(file, `${before}${begin}\n${results}\n\n${rest.slice(rest.indexOf(END))}`)
}

function reachedIn(folder: string): Record<string, unknown> {
  const file = join(folder, REACHED)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {}
}
