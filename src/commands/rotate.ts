import { requestRegistration } from '../admin/request-registration.ts'
import { defineCommand } from './command.ts'
import { printJson, printLine } from './print.ts'
import { during } from './progress.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

export const command = defineCommand({
  help: `  The running service deletes its integration at Jelou and creates it anew; the old secret verifies for DEDUPE_WINDOW.

  --json      the outcome, as JSON
  ${URL_HELP}
`,
  options: targetOptions,
  async run({ json, ...values }, terminal) {
    const { out } = terminal
    const target = await targetOf(values)
    const answer = await during(terminal, 'making Jelou sign with a new secret …', () =>
      requestRegistration(target, 'rotate'),
    )
    if (json) printJson(out, answer)
    else printLine(out, `${answer.outcome}: Jelou signs with a new secret`)
    return 0
  },
})
