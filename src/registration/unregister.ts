import { hrefOf } from '../jelou/href.ts'
import type { Integration } from '../jelou/schemas.ts'
import { afterRemove, type Kept } from './kept.ts'
import type { Outcome } from './outcome.ts'
import { failed, isGone, mayChange, remove, type Pass } from './pass.ts'

/** Whether somebody asked that Jelou has the integration no more, and that is done. */
export function isUnregistered({ unregistered, integration, createPending }: Kept): boolean {
  return unregistered !== undefined && integration === undefined && createPending === undefined
}

/**
 * Deletes the integration for good. That it is wanted is kept first: whatever comes between, the next pass goes on from the
 * beginning, and no pass creates it anew, here or at another replica, after a restart either, until somebody asks for it.
 * What is not this service's own is left alone. Events that are on their way yet verify for `graceWindow`.
 */
export async function unregister(pass: Pass): Promise<Outcome> {
  const { api, keeper, now, graceWindow } = pass
  const held = mayChange(pass)
  const { unregistered, ...before } = keeper.kept()
  if (unregistered === undefined) {
    const { rotating: _, ...rest } = before
    await keeper.save({ ...rest, unregistered: now() }, held)
  }
  const seen = await api.read()
  if (seen.kind === 'unavailable') return seen
  if (seen.kind === 'ok' && !isOurs(seen.integration, pass)) {
    await keeper.save(before, held)
    return foreign(seen.integration.webhookUrl)
  }
  const failure = isGone(seen) ? null : await remove(pass, 'unregister')
  if (failure?.kind === 'refused') await keeper.save(before, held)
  if (failure !== null) return failed(failure)
  await keeper.save(afterRemove(keeper.kept(), { now: now(), graceWindow }), held)
  return { kind: 'unregistered' }
}

/** Whether it is the one that was registered here, or has this service's webhook. */
function isOurs({ webhookUrl }: Integration, { keeper, target }: Pass): boolean {
  const { integration, createPending } = keeper.kept()
  if (webhookUrl === undefined) return integration !== undefined || createPending !== undefined
  const own = [target.webhookUrl, ...(integration ? [integration.webhookUrl] : [])]
  return own.some(url => hrefOf(url) === hrefOf(webhookUrl))
}

function foreign(webhookUrl = 'an unknown webhook'): Outcome {
  return { kind: 'refused', reason: `Jelou has ${webhookUrl} registered, which is not this service's` }
}
