import { replay } from '../admin/replay.ts'
import { ConfigError } from '../errors.ts'
import { defineCommand } from './command.ts'
import { printJson, printLine } from './print.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

export const command = defineCommand({
  help: `  They get fresh attempts, at the end of the queue.

  --seq N     only this one; may be given several times (GET /queue/dead lists them)
  --json      how many, as JSON
  ${URL_HELP}
`,
  options: { ...targetOptions, seq: { type: 'string', multiple: true } },
  async run({ seq, json = false, ...values }, { out }) {
    const redriven = await replay(await targetOf(values), seq?.map(asSeq))
    if (json) printJson(out, { redriven })
    else printLine(out, `${redriven} sent again`)
    return 0
  },
})

function asSeq(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value))
    throw new ConfigError(`--seq must be the number of a dead letter (it is "${value}")`)
  return Number(value)
}
