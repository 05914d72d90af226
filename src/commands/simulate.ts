import { simulate, simulateHelp, simulateOptions } from '../simulator/command.ts'
import { defineCommand } from './command.ts'
import { untilSignal } from './until-signal.ts'

export const command = defineCommand({
  help: simulateHelp,
  options: simulateOptions,
  async run(settings, { out }) {
    await untilSignal(signal => simulate(settings, { out, signal }), out)
    return 0
  },
})
