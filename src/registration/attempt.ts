import { withLock, type Held } from '../state/lock.ts'
import type { Change } from './change.ts'
import type { Holdings } from './holdings.ts'
import type { Members } from './members.ts'
import type { RegistrarOptions } from './options.ts'
import type { Outcome } from './outcome.ts'
import { LOCK_NEEDED, type Pass } from './pass.ts'
import { reconcile } from './reconcile.ts'

type AttemptOptions = Pick<Pass, 'secretLost' | 'graceWindow' | 'now' | 'signal' | 'log'> &
  Pick<RegistrarOptions, 'api' | 'backend' | 'desired'> & {
    lease: number
    holdings: Holdings
    members: Members
  }

/**
 * Makes the one try at a pass, which resolves with its outcome whatever goes wrong. It only looks, which needs no lock; what
 * there is to change is looked at again under the lock, with the state read anew, because another replica may have done it.
 */
export function createAttempt(options: AttemptOptions): (change: Change | null) => Promise<Outcome> {
  const { api, backend, holdings, members, desired, lease, ...rest } = options
  const { keeper } = holdings
  const { signal } = rest

  async function look(api: Pass['api'], held: Held | null, change: Change | null): Promise<Outcome> {
    await members.announce()
    const { projectId, webhookUrl } = desired
    const target = { projectId, webhookUrl, ...holdings.credential() }
    return reconcile({ ...rest, api, keeper, held, others: members.urls(), change, target })
  }

  function alter(api: Pass['api'], change: Change | null): Promise<Outcome> {
    return withLock(backend, { lease, signal }, async held => {
      await holdings.load()
      await keeper.flush(held)
      return look(api, held, change)
    })
  }

  return async change => {
    try {
      signal.throwIfAborted()
      await holdings.prepare()
      if (api === null) return { kind: 'unchanged' }
      if (change !== null || !keeper.isSaved()) return await alter(api, change)
      return await look(api, null, null).catch((error: unknown) => {
        if (error === LOCK_NEEDED) return alter(api, null)
        throw error
      })
    } catch (cause) {
      return { kind: 'failed', reason: String(cause), cause }
    }
  }
}
