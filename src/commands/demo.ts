import { demo } from '../demo.ts'
import { defineCommand, flag } from './command.ts'
import { untilSignal } from './until-signal.ts'

export const command = defineCommand({
  help: `  Until Ctrl-C; everything that it writes is removed at its end.

  --once      end after the first conversation
`,
  options: { once: flag },
  async run({ once }, { out }) {
    await untilSignal(signal => demo({ out, once, signal }), out)
    return 0
  },
})
