import { randomUUID } from 'node:crypto'
import { hrefOf } from '../jelou/href.ts'
import type { Integration, IntegrationRequest } from '../jelou/schemas.ts'
import { afterCreate, afterUpdate, type KeptIntegration, type Target } from './kept.ts'
import { conflict, rejected, secretLost, type LostCause, type Outcome } from './outcome.ts'
import { failed, isGone, mayChange, remove, type NotOk, type Pass } from './pass.ts'
import { isUnregistered, unregister } from './unregister.ts'

const NO_SECRET = {
  status: 200,
  reason: 'it answered a create without a signing secret, although the integration had been deleted',
}

const NOT_REGISTERED: Outcome = {
  kind: 'refused',
  reason: 'it was unregistered on request: register it first',
}

/**
 * Compares once what Jelou has with what is configured, and does what is needed. Every step is kept before the next,
 * so that a process killed anywhere here goes on at its next start, or another replica does. Throws LOCK_NEEDED, the store's
 * and the lock's errors, and the signal's reason.
 */
export async function reconcile(pass: Pass): Promise<Outcome> {
  const kept = pass.keeper.kept()
  const { integration, rotating, unregistered } = kept
  if (integration !== undefined && isServedByOthers(integration.webhookUrl, pass))
    return conflict(integration.webhookUrl, pass.target.webhookUrl)
  if (unregistered !== undefined && pass.change === 'register') return registerAgain(pass)
  if (unregistered !== undefined && pass.change === 'rotate') return NOT_REGISTERED
  if (isUnregistered(kept)) return { kind: 'unregistered' }
  if (unregistered !== undefined || pass.change === 'unregister') return unregister(pass)
  if (pass.change === 'rotate' || rotating !== undefined) return rotate(pass)
  return integration === undefined ? register(pass) : compare(pass, integration)
}

/** Somebody asked for what was unregistered before, or was about to be. */
async function registerAgain(pass: Pass): Promise<Outcome> {
  const { unregistered: _, ...wanted } = pass.keeper.kept()
  await pass.keeper.save(wanted, mayChange(pass))
  return reconcile(pass)
}

/** No secret is kept. */
async function register(pass: Pass): Promise<Outcome> {
  const cause = isCreatePending(pass) ? 'interrupted' : 'unknown'
  const created = await create(pass)
  if (created.kind === 'kept') return { kind: 'created' }
  if (created.kind === 'unavailable') return created
  if (created.kind === 'no_secret') return lose(pass, cause)
  if (created.status === 401 || created.status === 403) return rejected(created)
  // What Jelou answers to a create when there is an integration is not documented: a read tells it from any other no.
  const seen = await pass.api.read()
  if (seen.kind === 'ok') return lose(pass, cause)
  return seen.kind === 'refused' ? rejected(created) : seen
}

/** A secret is kept. */
async function compare(pass: Pass, kept: KeptIntegration): Promise<Outcome> {
  const seen = await pass.api.read()
  if (seen.kind === 'unavailable') return seen
  if (seen.kind === 'refused') return isGone(seen) || seen.status === 405 ? replace(pass) : failed(seen)
  if (isCreatePending(pass)) return lose(pass, 'interrupted')
  if (isOther(seen.integration.id, kept.id)) {
    const again = await pass.api.read()
    if (again.kind !== 'ok') return failed(again)
    // An id that differs from read to read says nothing; one that is stable is another integration, with another secret.
    if (again.integration.id === seen.integration.id) return lose(pass, 'foreign')
  }
  const fields = differences(seen.integration, kept, pass.target)
  return fields.length === 0 ? { kind: 'unchanged' } : update(pass, kept, fields)
}

/** The integration is gone at Jelou. */
async function replace(pass: Pass): Promise<Outcome> {
  const created = await create(pass)
  if (created.kind === 'kept') return { kind: 'replaced' }
  if (created.kind === 'no_secret') return lose(pass, 'unknown')
  return failed(created)
}

/** Somebody asked for a new secret. That is kept first: whatever comes between, the next pass goes on from the beginning. */
async function rotate(pass: Pass): Promise<Outcome> {
  const { keeper, now } = pass
  const held = mayChange(pass)
  const { rotating, ...before } = keeper.kept()
  if (rotating === undefined) await keeper.save({ ...before, rotating: now() }, held)
  const failure = await remove(pass, 'rotation')
  if (failure?.kind === 'refused') await keeper.save(before, held)
  if (failure !== null) return failed(failure)
  const created = await create(pass)
  if (created.kind === 'kept') return { kind: 'rotated' }
  return created.kind === 'no_secret' ? { kind: 'refused', reason: NO_SECRET.reason } : failed(created)
}

/** Jelou has an integration whose secret is not ours. */
async function lose(pass: Pass, cause: LostCause): Promise<Outcome> {
  mayChange(pass)
  if (pass.secretLost === 'fail') return secretLost(pass.target.projectId, cause)
  const failure = await remove(pass, cause)
  if (failure !== null) return failure.kind === 'unavailable' ? failure : rejected(failure)
  const created = await create(pass)
  if (created.kind === 'kept') return { kind: 'recreated' }
  if (created.kind === 'unavailable') return created
  // Deleting once more would not help either.
  return rejected(created.kind === 'refused' ? created : NO_SECRET)
}

/**
 * Creates the integration and keeps its secret. The mark is kept first: from then on, until the answer is kept or is a
 * clear no, Jelou may have an integration whose secret was lost on the way.
 */
async function create(pass: Pass): Promise<NotOk | { kind: 'kept' } | { kind: 'no_secret' }> {
  const { api, keeper, target, graceWindow, now } = pass
  const held = mayChange(pass)
  const before = keeper.kept()
  const createPending = before.createPending ?? now()
  const createOwner = randomUUID()
  await keeper.save({ ...before, createPending, createOwner }, held)
  held.check()
  const answer = await api.create(requestOf(target))
  if (answer.kind === 'refused') await keeper.save(before, held)
  if (answer.kind !== 'ok') return answer
  const { signingSecret } = answer.integration
  if (signingSecret === undefined) return { kind: 'no_secret' }
  const created = { ...answer.integration, signingSecret }
  await keeper.keep(
    afterCreate(keeper.kept(), created, target, { now: now(), graceWindow }),
    createOwner,
    held,
  )
  return { kind: 'kept' }
}

async function update(pass: Pass, kept: KeptIntegration, fields: string[]): Promise<Outcome> {
  const { api, keeper, target, now } = pass
  const held = mayChange(pass)
  const { webhookUrl, ...credential } = requestOf(target)
  const answer = await api.update({
    ...(fields.includes('webhookUrl') && { webhookUrl }),
    // Both or neither: a credential without its type would be presented in the wrong header.
    ...(fields.some(field => field !== 'webhookUrl') && credential),
  })
  if (answer.kind !== 'ok') return failed(answer)
  await keeper.save(afterUpdate(keeper.kept(), kept, target, now()), held)
  return { kind: 'updated', fields }
}

/** Whether a running replica of another service has its webhook registered. */
function isServedByOthers(registered: string, { others, target }: Pass): boolean {
  const href = hrefOf(registered)
  return href !== hrefOf(target.webhookUrl) && others.some(url => hrefOf(url) === href)
}

function requestOf({ webhookUrl, authType, authorization }: Target): IntegrationRequest {
  return { webhookUrl, authType, ...(authType !== 'no_auth' && { authorization }) }
}

/** What differs from the configuration, in Jelou's answer or in what was last registered; what the answer lacks does not. */
function differences(seen: Integration, kept: KeptIntegration, target: Target): string[] {
  const found = {
    webhookUrl: [seen.webhookUrl ?? target.webhookUrl, kept.webhookUrl].some(
      url => hrefOf(url) !== hrefOf(target.webhookUrl),
    ),
    authType: [seen.authType ?? target.authType, kept.authType].some(type => type !== target.authType),
    authorization: kept.authorization !== target.authorization,
  }
  return Object.entries(found)
    .filter(([, differs]) => differs)
    .map(([field]) => field)
}

function isOther(id: string | undefined, kept: string | undefined): boolean {
  return id !== undefined && kept !== undefined && id !== kept
}

function isCreatePending({ keeper }: Pass): boolean {
  return keeper.kept().createPending !== undefined
}
