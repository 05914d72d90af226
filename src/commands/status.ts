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
  async run({ json = false, ...values }, { out }) {
    const { ready, status } = await fetchStatus(await targetOf(values))
    if (json) printJson(out, status)
    else out.write(tableOf(out, rowsOf(status)))
    return ready ? 0 : 1
  },
})

/** Everything in it, one to a row under the name of its part. */
function rowsOf(status: object, indent = ''): Cell[][] {
  return Object.entries(status).flatMap(([name, value]: [string, unknown]): Cell[][] => {
    if (typeof value !== 'object' || value === null) return [[indent + name, valueOf(value)]]
    return [[{ text: indent + name, style: 'bold' }], ...rowsOf(value, `${indent}  `)]
  })
}

function valueOf(value: unknown): Cell {
  if (value === null) return '-'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === 'ok' || text === 'ready') return { text, style: 'green' }
  return text === 'not ready' ? { text, style: 'red' } : text
}
