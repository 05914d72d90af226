import { join } from 'node:path'
import type { Simulator } from '../src/simulator/simulator.ts'

/** The environment of a service that registers with this simulator, which begins to listen, and keeps its data here. */
export async function settingsFor(jelou: Simulator, directory: string): Promise<Record<string, string>> {
  return {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
    PUBLIC_URL: 'http://127.0.0.1:0',
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    DATA_DIR: join(directory, 'data'),
  }
}
