import type { IntegrationApi, JelouAnswer } from '../jelou/client.ts'
import type { Integration, IntegrationRequest } from '../jelou/schemas.ts'
import { afterCreate, afterUpdate, type KeptIntegration, type Target } from './kept.ts'
import type { Keeper } from './keeper.ts'
import type { Log } from './log.ts'
import { rejected, secretLost, type LostCause, type Outcome } from './outcome.ts'

/** What one pass works with. `signal` ends it before its next change at Jelou; `graceWindow` in ms, `now` in ms since the epoch. */
export type Pass = {
  api: Omit<IntegrationApi, 'close'>
  keeper: Keeper
  target: Target
  secretLost: 'fail' | 'recreate'
  graceWindow: number
  now: () => number
  signal: AbortSignal
  log: Pick<Log, 'warn'>
}

type NotOk = Exclude<JelouAnswer, { kind: 'ok' }>

const NO_SECRET = {
  status: 200,
  reason: 'it answered a create without a signing secret, although the integration had been deleted',
}

/**
 * Compares once what Jelou has with what is configured, and does what is needed. Every step is kept before the next,
 * so that a process killed anywhere here goes on at its next start. Throws the store's errors, and the signal's reason.
 */
export function reconcile(pass: Pass): Promise<Outcome> {
  const { integration } = pass.keeper.kept()
  return integration === undefined ? register(pass) : compare(pass, integration)
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
  if (seen.kind === 'refused') {
    return seen.status === 404 || seen.status === 405
      ? replace(pass)
      : { kind: 'refused', reason: seen.reason }
  }
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

/** Jelou has an integration whose secret is not ours. */
async function lose(pass: Pass, cause: LostCause): Promise<Outcome> {
  if (pass.secretLost === 'fail') return secretLost(pass.target.projectId, cause)
  pass.signal.throwIfAborted()
  const removed = await pass.api.remove()
  if (removed.kind === 'unavailable') return removed
  if (removed.kind === 'refused' && removed.status !== 404) return rejected(removed)
  // Said at once: the outcome does not tell of it when the create fails.
  pass.log.warn({ cause }, 'Deleted the integration whose signing secret is lost, to create it anew')
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
async function create({
  api,
  keeper,
  target,
  graceWindow,
  now,
  signal,
}: Pass): Promise<NotOk | { kind: 'kept' } | { kind: 'no_secret' }> {
  signal.throwIfAborted()
  const before = keeper.kept()
  await keeper.save({ ...before, createPending: before.createPending ?? now() })
  const answer = await api.create(requestOf(target))
  if (answer.kind === 'refused') await keeper.save(before)
  if (answer.kind !== 'ok') return answer
  const { signingSecret } = answer.integration
  if (signingSecret === undefined) return { kind: 'no_secret' }
  const created = { ...answer.integration, signingSecret }
  await keeper.keep(afterCreate(keeper.kept(), created, target, { now: now(), graceWindow }))
  return { kind: 'kept' }
}

async function update(
  { api, keeper, target, now, signal }: Pass,
  kept: KeptIntegration,
  fields: string[],
): Promise<Outcome> {
  signal.throwIfAborted()
  const { webhookUrl, ...credential } = requestOf(target)
  const answer = await api.update({
    ...(fields.includes('webhookUrl') && { webhookUrl }),
    // Both or neither: a credential without its type would be presented in the wrong header.
    ...(fields.some(field => field !== 'webhookUrl') && credential),
  })
  if (answer.kind !== 'ok') return failed(answer)
  await keeper.keep(afterUpdate(keeper.kept(), kept, target, now()))
  return { kind: 'updated', fields }
}

/** While a secret is kept, a no of Jelou is a problem to report, not the end. */
function failed(answer: NotOk): Outcome {
  return answer.kind === 'refused' ? { kind: 'refused', reason: answer.reason } : answer
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

function hrefOf(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url
}

function isOther(id: string | undefined, kept: string | undefined): boolean {
  return id !== undefined && kept !== undefined && id !== kept
}

function isCreatePending({ keeper }: Pass): boolean {
  return keeper.kept().createPending !== undefined
}
