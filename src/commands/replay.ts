import { z } from 'zod'
import { replay } from '../admin/replay.ts'
import { defineCommand } from './command.ts'
import { printJson, printLine } from './print.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'

const seq = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be the number of a dead letter')
  .transform(Number)

export const command = defineCommand({
  help: `  They get fresh attempts, at the end of the queue.

  --seq N     only this one; may be given several times (GET /queue/dead lists them)
  --json      how many, as JSON
  ${URL_HELP}
`,
  options: { ...targetOptions, seq: z.array(seq).optional() },
  async run({ seq, json, ...values }, { out }) {
    const redriven = await replay(await targetOf(values), seq)
    if (json) printJson(out, { redriven })
    else printLine(out, `${redriven} sent again`)
    return 0
  },
})
