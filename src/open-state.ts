import type { Config } from './config.ts'
import { openLater } from './state/open-later.ts'
import { openState } from './state/open.ts'
import { locationOf, type StateLog } from './state/shared.ts'
import type { StateBackend } from './state/types.ts'

/** The most that one operation on a shared state may take, in ms. */
const TIMEOUT = 5_000

/** The kept state that is configured. Throws the state's errors for a file; what is shared is opened when it is used. */
export async function openConfiguredState(config: Config, log: StateLog): Promise<StateBackend> {
  const { STATE_URL: url, STATE_CA_FILE, STATE_CERT_FILE, STATE_KEY_FILE } = config
  const open = () =>
    openState({
      url,
      directory: config.DATA_DIR,
      projectId: config.JELOU_PROJECT_ID,
      timeout: TIMEOUT,
      tls: {
        ...(STATE_CA_FILE && { ca: STATE_CA_FILE }),
        ...(STATE_CERT_FILE && { cert: STATE_CERT_FILE }),
        ...(STATE_KEY_FILE && { key: STATE_KEY_FILE }),
      },
      log,
    })
  return url === 'sqlite:' ? open() : openLater(locationOf(url), open)
}
