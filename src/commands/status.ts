import { fetchStatus } from '../admin/fetch-status.ts'
import { defineCommand } from './command.ts'
import { printJson } from './print.ts'
import { tableOf, type Cell } from './table.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

export const command = defineCommand({
  help: `  Exit status 1 when it is not ready.

  --json      all of it, as JSON
  ${URL_HELP}
`,
  options: targetOptions,
  async run({ json, ...values }, { out }) {
    const { ready, status } = await fetchStatus(await targetOf(values))
    if (json) printJson(out, status)
    else out.write(tableOf(out, rowsOf(status)))
    return ready ? 0 : 1
  },
})

/** Everything in it, one to a row under the name of its part. */
function rowsOf(status: object, indent = ''): Cell[][] {
  return Object.entries(status).flatMap(([name, value]: [string, unknown]): Cell[][] => {
    const isPart = typeof value === 'object' && value !== null && Object.keys(value).length > 0
    if (!isPart) return [[indent + name, valueOf(name, value)]]
    return [[{ text: indent + name, style: 'bold' }], ...rowsOf(value, `${indent}  `)]
  })
}

function valueOf(name: string, value: unknown): Cell {
  if (value === null || typeof value === 'object') return '-'
  if (typeof value === 'number' && /(?:At|[sS]ince)$/.test(name)) return new Date(value).toISOString()
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === 'ok' || text === 'ready') return { text, style: 'green' }
  return text === 'not ready' ? { text, style: 'red' } : text
}
