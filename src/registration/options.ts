import type { IntegrationApi } from '../jelou/client.ts'
import type { AuthType } from '../jelou/schemas.ts'
import type { Store } from '../state/store.ts'
import type { StateBackend } from '../state/types.ts'
import type { Kept } from './kept.ts'
import type { Log } from './log.ts'

/**
 * `api` null with `staticSecrets`, which are used instead of registering. `shared`: other replicas use the state too. Without
 * `desired.authorization` a credential is made once and kept. `interval` (ms, 0 is off) is between passes, `graceWindow` (ms)
 * how long a replaced secret still verifies, `lease` (ms) how long the state's lock outlives its holder.
 * `onFatal` is called, at most once, when the process cannot go on. `now` is in ms since the epoch, `random` in [0, 1);
 * `sleep` resolves with false as soon as the signal ends it.
 */
export type RegistrarOptions = {
  api: Omit<IntegrationApi, 'close'> | null
  store: Pick<Store<Kept>, 'load' | 'save'>
  backend: Pick<StateBackend, 'acquire' | 'announce' | 'withdraw' | 'location'>
  shared?: boolean
  desired: { projectId: string; webhookUrl: string; authType: AuthType; authorization?: string }
  staticSecrets?: readonly string[]
  secretLost: 'fail' | 'recreate'
  interval: number
  graceWindow: number
  lease?: number
  log: Log
  onFatal: (error: Error) => void
  now?: () => number
  random?: () => number
  sleep?: (delay: number, signal: AbortSignal) => Promise<boolean>
}
