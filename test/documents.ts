import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeVariables, type VariableDoc } from '../src/config.ts'
import { asyncApi, eventSchema } from '../src/description/asyncapi.ts'
import { withMetrics } from './metric-documents.ts'

const ROOT = join(import.meta.dirname, '..')
const BEGIN = '<!-- variables: written by `npm run docs` -->\n'
const END = '<!-- end of variables -->'

/** The documents that are made of the code, each as it should be and as it is. */
export async function documents(): Promise<{ path: string; expected: string; actual: string }[]> {
  const readme = read('README.md')
  const metrics = read('docs/metrics.md')
  return [
    { path: '.env.example', expected: envExample(), actual: read('.env.example') },
    { path: 'README.md', expected: withTable(readme), actual: readme },
    ...Object.entries({ 'event.json': eventSchema(), 'asyncapi.json': asyncApi() }).map(
      ([name, document]) => {
        const path = `docs/schemas/${name}`
        return { path, expected: `${JSON.stringify(document, null, 2)}\n`, actual: read(path) }
      },
    ),
    { path: 'docs/metrics.md', expected: await withMetrics(metrics), actual: metrics },
  ].map(({ path, ...texts }) => ({ path: join(ROOT, path), ...texts }))
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function envExample(): string {
  const head =
    '# Copy to .env and fill in. What stands in the environment wins over this file; an empty value counts as absent.\n'
  const entries = describeVariables().map(doc => {
    const preset = doc.default === undefined ? `e.g. ${doc.example}` : `default: ${doc.default}`
    // One way of several to give what is required is filled in too, by most.
    const commented = /required$/i.test(doc.description) ? '' : '#'
    return `\n# ${plain(doc.description)} (${preset})\n${commented}${doc.name}=${doc.default ?? ''}\n`
  })
  return head + entries.join('')
}

function withTable(readme: string): string {
  const rows = describeVariables().map(doc => {
    const preset = doc.default === undefined ? '' : `\`${doc.default}\``
    return `| \`${doc.name}\` | ${isRequired(doc) ? 'required' : preset} | ${doc.description} |\n`
  })
  const table = `| variable | default | meaning |\n|---|---|---|\n${rows.join('')}`
  const [before = '', rest = ''] = readme.split(BEGIN)
  return before + BEGIN + table + END + rest.slice(rest.indexOf(END) + END.length)
}

function isRequired({ description }: VariableDoc): boolean {
  return description.endsWith('Required')
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '')
}

if (import.meta.main) for (const { path, expected } of await documents()) writeFileSync(path, expected)
