import { consume } from '../admin/consume.ts'
import { defineCommand } from './command.ts'
import { printLine } from './print.ts'
import { targetOf, targetOptions, URL_HELP } from './target.ts'
import { untilSignal } from './until-signal.ts'

export const command = defineCommand({
  help: `  One line of JSON each, acknowledged once it is printed, until Ctrl-C. A service that is away is waited for.

  ${URL_HELP}
`,
  options: { url: targetOptions.url },
  async run(values, { out, err }) {
    const target = await targetOf(values)
    const onRetry = ({ message }: Error) => printLine(err, `${message}; trying again`)
    // A reader that has seen enough, such as `head`, ends it as a signal does; what it did not get is not acknowledged.
    await untilSignal(signal => consume({ ...target, out, signal, onRetry })).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error
      },
    )
    return 0
  },
})
