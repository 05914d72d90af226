import { loadConfig } from '../config.ts'
import { serve } from '../server.ts'
import { defineCommand } from './command.ts'

export const command = defineCommand({
  help: `  Variables are described in .env.example; \`config\` shows those in force.
  SIGTERM or SIGINT drains and exits with 0; a second one, or a drain that takes too long, with 1.
`,
  options: {},
  async run() {
    await serve(await loadConfig())
    return 0
  },
})
