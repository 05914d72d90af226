import { requestTestEvent } from '../admin/request-test-event.ts'
import { defineCommand, flag } from './command.ts'
import { printJson, printLine, stylerOf } from './print.ts'
import { during } from './progress.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

export const command = defineCommand({
  help: `  The running service signs it with the secret that it holds, sends it to its own webhook, and its consumers get it:
  {"event":"jelou-receiver.test","timestamp":…,"project_id":"…","test_id":"…"}. Exit status 1 when it is not taken.

  --public    by PUBLIC_URL, through whatever stands before the service, instead of straight to it
  --json      what became of it, as JSON
  ${URL_HELP}
`,
  options: { ...targetOptions, public: flag },
  async run({ json, public: isPublic, ...values }, terminal) {
    const { out } = terminal
    const target = await targetOf(values)
    const way = isPublic ? 'public' : 'loopback'
    const result = await during(terminal, 'sending …', () => requestTestEvent(target, way))
    const { url, statusCode, answer, id, tookMs, problem } = result
    const style = stylerOf(out)
    if (json) printJson(out, result)
    else if (problem === null)
      printLine(out, `${style('green', String(answer))} ${id} in ${tookMs} ms by ${url}`)
    else
      printLine(
        out,
        `${style('red', 'not taken')} by ${url} (${[statusCode, answer].filter(Boolean).join(' ') || 'no answer'}): ${problem}`,
      )
    return problem === null ? 0 : 1
  },
})
