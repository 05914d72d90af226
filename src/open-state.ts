import { tlsOf, type Config } from './config.ts'
import { openLater } from './state/open-later.ts'
import { openState } from './state/open.ts'
import { locationOf, type StateLog } from './state/shared.ts'
import type { StateBackend } from './state/types.ts'

/** The most that one operation on a shared state may take, in ms. */
const TIMEOUT = 5_000

/** The kept state that is configured. Throws the state's errors for a file; what is shared is opened when it is used. */
export async function openConfiguredState(config: Config, log: StateLog): Promise<StateBackend> {
  const { STATE_URL: url } = config
  const open = () =>
    openState({
      url,
      directory: config.DATA_DIR,
      projectId: config.JELOU_PROJECT_ID,
      timeout: TIMEOUT,
      tls: tlsOf(config, 'STATE'),
      log,
    })
  return url === 'sqlite:' ? open() : openLater(locationOf(url), open)
}
