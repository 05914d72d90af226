import { endOnSignal } from '../early-end.ts'
import { defineCommand } from './command.ts'

export const command = defineCommand({
  help: `  Variables are described in .env.example; \`config\` shows those in force.
  SIGTERM or SIGINT drains and exits with 0; a second one, or a drain that takes too long, with 1.
`,
  options: {},
  async run() {
    endOnSignal()
    // What takes long to load is loaded behind that.
    const [{ loadConfig }, { serve }] = await Promise.all([import('../config.ts'), import('../server.ts')])
    await serve(await loadConfig())
    return 0
  },
})
