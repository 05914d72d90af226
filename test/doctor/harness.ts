import { join } from 'node:path'
import { loadConfig, type Config } from '../../src/config.ts'

/** A configuration that is right, apart from what is given. */
export function configured(environment: NodeJS.ProcessEnv): Promise<Config> {
  return loadConfig(
    { JELOU_PROJECT_ID: 'p', JELOU_API_KEY: 'k', PUBLIC_URL: 'https://example.com', ...environment },
    join(import.meta.dirname, 'no-such-file'),
  )
}
