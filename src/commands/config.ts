import { explainConfig, type ConfigEntry } from '../config.ts'
import { defineCommand, flag } from './command.ts'
import { printJson } from './print.ts'
import { tableOf, type Cell } from './table.ts'

export const command = defineCommand({
  help: `  From the environment of this command and .env in this directory, as \`serve\` would read them. Secrets are shown as ***.
  A wrong configuration is said as by \`serve\`, with exit status 1.

  --json      as JSON
`,
  options: { json: flag },
  async run({ json }, { out }) {
    const entries = await explainConfig()
    if (json) printJson(out, entries)
    else out.write(tableOf(out, entries.map(rowOf), ['VARIABLE', 'FROM', 'VALUE']))
    return 0
  },
})

function rowOf({ name, value, source }: ConfigEntry): Cell[] {
  const isOwn = source === 'environment' || source === '.env'
  return [name, isOwn ? { text: source, style: 'cyan' } : source, value ?? '-']
}
