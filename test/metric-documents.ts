import { PREFIX } from '../src/admin/metric-kinds.ts'
import { catalogue, type Described } from './docker/catalogue.ts'

const BEGIN = '<!-- metrics: written by `npm run docs` -->\n'
const END = '<!-- end of metrics -->'

/** The labels whose values are always the same. */
const CHOSEN = new Set(['check', 'listener', 'outcome', 'stage', 'state', 'phase'])

/** docs/metrics.md with the table of every metric that a registry of the service has. */
export async function withMetrics(document: string): Promise<string> {
  const all = [...(await catalogue()).values()]
  const own = all.filter(({ name }) => name.startsWith(PREFIX))
  const others = all.filter(({ name }) => !name.startsWith(PREFIX))
  const [before = '', rest = ''] = document.split(BEGIN)
  const tables = `${table(own)}\nOf the process, as prom-client tells them:\n\n${table(others)}`
  return before + BEGIN + tables + END + rest.slice(rest.indexOf(END) + END.length)
}

function table(metrics: readonly Described[]): string {
  const rows = metrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${[...labels].map(described).join('; ')} | ${help.replace(/\.$/, '')} |\n`,
  )
  return `| name | type | labels | meaning |\n|---|---|---|---|\n${rows.join('')}`
}

/** A label and, where the service itself chooses them, its values. */
function described([label, values]: [string, Set<string>]): string {
  return CHOSEN.has(label) ? `\`${label}\`: ${[...values].join(', ')}` : `\`${label}\``
}
