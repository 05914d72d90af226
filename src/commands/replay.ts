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
  help: `  They get fresh attempts, at the end of the queue. Exit status 1 when one that is named is not there.

  --seq N     only this one; may be given several times (GET /queue/dead lists them)
  --json      how many, as JSON
  ${URL_HELP}
`,
  options: { ...targetOptions, seq: z.array(seq).optional() },
  async run({ seq, json, ...values }, { out, err }) {
    const wanted = seq && [...new Set(seq)]
    const redriven = await replay(await targetOf(values), wanted)
    if (json) printJson(out, { redriven })
    else if (redriven > 0 || wanted === undefined) printLine(out, `${redriven} sent again`)
    const missing = (wanted?.length ?? 0) - redriven
    if (wanted === undefined || missing <= 0) return 0
    const which = redriven === 0 ? wanted.join(', ') : `for ${missing} of ${wanted.join(', ')}`
    printLine(err, `there is no dead letter ${which}: GET /queue/dead lists those that there are`)
    return 1
  },
})
