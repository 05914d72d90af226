import { findMisspelt, loadConfig } from '../config.ts'
import { diagnose } from '../doctor/diagnose.ts'
import type { CheckStatus } from '../doctor/finding.ts'
import type { CheckResult } from '../doctor/run-checks.ts'
import { defineCommand } from './command.ts'
import { printJson, printLine, type Style } from './print.ts'
import { createProgress } from './progress.ts'
import { tableOf, type Cell } from './table.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

const STYLES: Record<CheckStatus, Style> = { ok: 'green', warning: 'yellow', wrong: 'red', skipped: 'cyan' }

export const command = defineCommand({
  help: `  Looks from here, as this user and in this environment, so best where the service runs; it need not run. All that is
  changed: a file is written to DATA_DIR and removed, and what is missing at a broker is made unless QUEUE_ENSURE=false.
  Exit status 1 when something is wrong.

  --json      as JSON
  ${URL_HELP}
`,
  options: targetOptions,
  async run({ json, ...values }, terminal) {
    const { out } = terminal
    const progress = createProgress(terminal)
    progress.step('looking …')
    const results = await diagnose({
      config: loadConfig,
      target: () => targetOf(values),
      misspelt: findMisspelt(),
      onDone: name => progress.step(`looking … ${name}`),
    })
    progress.end()
    if (json) printJson(out, results)
    else {
      out.write(tableOf(out, results.flatMap(rowsOf)))
      printLine(out, `\n${summaryOf(results)}`)
    }
    return results.some(({ status }) => status === 'wrong') ? 1 : 0
  },
})

function rowsOf({ name, status, detail, advice }: CheckResult): Cell[][] {
  const lines = [...detail.split('\n'), ...(advice === undefined ? [] : [`→ ${advice}`])]
  return lines.map((line, index) =>
    index === 0 ? [{ text: status, style: STYLES[status] }, name, line] : ['', '', line],
  )
}

function summaryOf(results: readonly CheckResult[]): string {
  const counts = (['wrong', 'warning', 'ok', 'skipped'] as const).map(
    status => `${results.filter(result => result.status === status).length} ${status}`,
  )
  return counts.join(', ')
}
