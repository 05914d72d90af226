import { fetchRejected, type Rejected } from '../admin/fetch-rejected.ts'
import { defineCommand } from './command.ts'
import { printJson, printLine } from './print.ts'
import { tableOf, type Cell } from './table.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

const HEAD = ['TIME', 'STATUS', 'CHECK', 'SOURCE', 'BYTES']

export const command = defineCommand({
  help: `  The newest first, since the start of the service, without anything that they carried.

  --json      as the service has them, with the names of their headers and the hash of their body
  ${URL_HELP}
`,
  options: targetOptions,
  async run({ json, ...values }, { out }) {
    const rejected = await fetchRejected(await targetOf(values))
    if (json) printJson(out, rejected)
    else if (rejected.length === 0) printLine(out, 'no request was refused')
    else out.write(tableOf(out, rejected.map(rowOf), HEAD))
    return 0
  },
})

function rowOf({ time, check, statusCode, bodyLength, source }: Rejected): Cell[] {
  const style = statusCode >= 500 ? 'red' : 'yellow'
  return [time, { text: String(statusCode), style }, check, source, String(bodyLength ?? '-')]
}
