import { requestRegistration } from '../admin/request-registration.ts'
import { UsageError } from '../errors.ts'
import { confirm } from './confirm.ts'
import { defineCommand, flag } from './command.ts'
import { printJson, printLine } from './print.ts'
import { during } from './progress.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

const WARNING =
  'Jelou will send no more events, for ever lose those that it would have sent, and forget the signing secret.'

export const command = defineCommand({
  help: `  For good: the running service deletes its integration, and neither it nor a replica that shares its state
  creates another one, after a restart either, until \`register\`. A service with another, empty state registers at its
  start. Events that are on their way are taken for DEDUPE_WINDOW; what is in the queue stays there.

  --yes       do not ask; required where no person can answer
  --json      the outcome, as JSON
  ${URL_HELP}
`,
  options: { ...targetOptions, yes: flag },
  async run({ json, yes, ...values }, terminal) {
    if (!yes && !terminal.in.isTTY)
      throw new UsageError('unregister needs --yes where nobody can be asked, because it cannot be undone')
    const target = await targetOf(values)
    if (!yes && !(await confirm(terminal, `${WARNING} Unregister the service at ${target.url}?`))) {
      printLine(terminal.err, 'nothing was done')
      return 1
    }
    const answer = await during(terminal, 'unregistering …', () => requestRegistration(target, 'unregister'))
    if (json) printJson(terminal.out, answer)
    else printLine(terminal.out, `${answer.outcome}: Jelou sends no more events; \`register\` begins anew`)
    return 0
  },
})
