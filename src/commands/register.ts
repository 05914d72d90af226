import { requestRegistration } from '../admin/request-registration.ts'
import { defineCommand } from './command.ts'
import { printJson, printLine } from './print.ts'
import { during } from './progress.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

const SAID: Record<string, string> = {
  unchanged: 'Jelou has the webhook as configured',
  created: 'registered the webhook',
  updated: 'Jelou had something else than what is configured: updated it',
  replaced: 'Jelou had no integration any more: registered the webhook anew',
  recreated: 'the signing secret was lost: deleted the integration, and registered the webhook anew',
}

export const command = defineCommand({
  help: `  The running service does this by itself at its start and every RECONCILE_INTERVAL; this is now. After
  \`unregister\` it is the only way back.

  --json      the outcome, as JSON
  ${URL_HELP}
`,
  options: targetOptions,
  async run({ json, ...values }, terminal) {
    const { out } = terminal
    const target = await targetOf(values)
    const answer = await during(terminal, 'comparing with Jelou …', () =>
      requestRegistration(target, 'reconcile'),
    )
    if (json) printJson(out, answer)
    else printLine(out, SAID[answer.outcome] ?? answer.outcome)
    return 0
  },
})
