import { z } from 'zod'
import type { Integration } from '../jelou/schemas.ts'
import { credentialSchema, sameCredential, type Credential } from './credential.ts'

/** How long deliveries that were under way when the credential changed may still present the old one, in ms. */
const CREDENTIAL_GRACE = 60_000

/**
 * Everything that has to outlive the process. Times are ms since the epoch. Fields of later versions are kept as they are.
 */
export const keptSchema = z.looseObject({
  /** The integration as Jelou last confirmed it, and its secret. */
  integration: credentialSchema
    .extend({
      secret: z.string().min(1),
      since: z.number(),
      id: z.string().exactOptional(),
      webhookUrl: z.string(),
    })
    .exactOptional(),
  /** Secrets that still verify, until then. */
  previousSecrets: z.array(z.looseObject({ secret: z.string().min(1), until: z.number() })).default([]),
  /** Credentials that are still accepted, until then. */
  previousCredentials: z.array(credentialSchema.extend({ until: z.number() })).default([]),
  /** When a create was sent whose answer is not kept: Jelou may have an integration whose secret nobody has. */
  createPending: z.number().exactOptional(),
  /** Which create that was: only whoever sent it may still keep its answer, and only while this stands here. */
  createOwner: z.string().exactOptional(),
  /** When a rotation was begun that is not over: the integration is still to be deleted and made anew. */
  rotating: z.number().exactOptional(),
  /** When somebody asked that Jelou has no integration any more: none is created until somebody asks for one. */
  unregistered: z.number().exactOptional(),
  /** The generated webhook credential. */
  token: z.string().exactOptional(),
})
export type Kept = z.infer<typeof keptSchema>
export type KeptIntegration = NonNullable<Kept['integration']>

/** What is configured, to be registered. */
export type Target = Credential & { projectId: string; webhookUrl: string }

export const NOTHING_KEPT: Kept = { previousSecrets: [], previousCredentials: [] }

/** Jelou created the integration: its secret is the current one, that of the one before still verifies for `graceWindow` ms. */
export function afterCreate(
  kept: Kept,
  created: Integration & { signingSecret: string },
  target: Target,
  { now, graceWindow }: { now: number; graceWindow: number },
): Kept {
  const {
    integration: old,
    createPending: _,
    createOwner: _owner,
    rotating: _rotating,
    ...rest
  } = withoutExpired(kept, now)
  const { webhookUrl, authType, authorization } = target
  const integration: KeptIntegration = {
    secret: created.signingSecret,
    since: now,
    ...(created.id !== undefined && { id: created.id }),
    webhookUrl,
    authType,
    authorization,
  }
  if (old === undefined) return { ...rest, integration }
  return {
    ...rest,
    integration,
    previousSecrets: [...rest.previousSecrets, { secret: old.secret, until: now + graceWindow }],
    // An event of the old integration was signed with the old secret and presents the old credential.
    previousCredentials: retire(rest.previousCredentials, old, target, now + graceWindow),
  }
}

/** The integration is gone for good: its secret and its credential still verify for `graceWindow` ms. */
export function afterRemove(kept: Kept, { now, graceWindow }: { now: number; graceWindow: number }): Kept {
  const { integration: old, createPending: _, createOwner: _owner, ...rest } = withoutExpired(kept, now)
  if (old === undefined) return rest
  const { secret, authType, authorization } = old
  const until = now + graceWindow
  return {
    ...rest,
    previousSecrets: [...rest.previousSecrets, { secret, until }],
    previousCredentials: [...rest.previousCredentials, { authType, authorization, until }],
  }
}

/** Jelou confirmed that the integration is now as configured. */
export function afterUpdate(kept: Kept, old: KeptIntegration, target: Target, now: number): Kept {
  const rest = withoutExpired(kept, now)
  const { webhookUrl, authType, authorization } = target
  return {
    ...rest,
    integration: { ...old, webhookUrl, authType, authorization },
    previousCredentials: retire(rest.previousCredentials, old, target, now + CREDENTIAL_GRACE),
  }
}

function retire(
  previous: Kept['previousCredentials'],
  { authType, authorization }: Credential,
  replacement: Credential,
  until: number,
): Kept['previousCredentials'] {
  return sameCredential({ authType, authorization }, replacement)
    ? previous
    : [...previous, { authType, authorization, until }]
}

function withoutExpired(kept: Kept, now: number): Kept {
  return {
    ...kept,
    previousSecrets: kept.previousSecrets.filter(({ until }) => until > now),
    previousCredentials: kept.previousCredentials.filter(({ until }) => until > now),
  }
}
