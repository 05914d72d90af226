import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { authTypeSchema, type AuthType } from '../jelou/schemas.ts'
import type { Method } from './faults.ts'
import { isLoopback } from '../network.ts'

/** An integration as Jelou keeps it, with the secret and the credential that it never shows again. */
export type SimulatedIntegration = {
  id: string
  brainId: string
  webhookUrl: string
  authType: AuthType
  authorization?: string
  signingSecret: string
  createdAt: string
}

/**
 * What is documented nowhere, or in two ways (protocol page, 1). `shape`: the fields plain or under `data`. `secondCreate`: what a
 * create answers when there is an integration already: a status, or 200 with a new secret or without one.
 * `sparseRead`: a read lacks `id` and `authType`. May be changed at any time.
 */
export type Behaviour = {
  shape: 'plain' | 'wrapped'
  secondCreate: 409 | 422 | 400 | 'new-secret' | 'no-secret'
  sparseRead: boolean
}

/** Who may call: both ways are good at any time. */
export type Callers = { apiKey: string; clientId: string; clientSecret: string }

export type Answer = { status: number; body: Record<string, unknown> }
export type Call = {
  method: Method
  projectId: string
  headers: Record<string, string | string[] | undefined>
  body: unknown
}

const webhookUrl = z.string().refine(isAcceptable, 'webhookUrl must be a public HTTPS URL.')
const optional = {
  authType: authTypeSchema.exactOptional(),
  authorization: z.string().min(1).exactOptional(),
}
const createSchema = z.object({ webhookUrl, ...optional })
const updateSchema = z.object({ webhookUrl: webhookUrl.exactOptional(), ...optional })

/** The documented error shape. */
export function errorAnswer(
  status: number,
  message: string | string[],
  validationError: Record<string, unknown> = {},
): Answer {
  const description = [message].flat().join(' ')
  const error = {
    code: `E${status}`,
    key: 'EXTERNAL_SUPPORT',
    description,
    developerMessages: {},
    clientMessages: {},
  }
  return { status, body: { message, statusMessage: 'failed', status: 0, error, validationError } }
}

/** The rules of the integration API: what a call answers, and what it does to the integrations (by project id). */
export function createIntegrationRules(options: {
  projectId: string
  callers: Callers
  behaviour: Behaviour
  integrations: Map<string, SimulatedIntegration>
  now: () => number
}): (call: Call) => Answer {
  const { projectId, callers, behaviour, integrations, now } = options
  const pair = Buffer.from(`${callers.clientId}:${callers.clientSecret}`).toString('base64')

  function success(message: string, data: Record<string, unknown>): Answer {
    if (behaviour.shape === 'plain') return { status: 200, body: data }
    return { status: 200, body: { message: [message], statusMessage: 'success', status: 1, data } }
  }

  function create(body: unknown): Answer {
    const existing = integrations.get(projectId)
    if (typeof behaviour.secondCreate === 'number' && existing !== undefined)
      return errorAnswer(behaviour.secondCreate, 'An integration already exists for this project.')
    const request = createSchema.safeParse(body)
    if (!request.success) return invalid(422, request.error)
    if (existing !== undefined && behaviour.secondCreate === 'no-secret')
      return success('Integration already exists', visible(existing))
    const integration: SimulatedIntegration = {
      id: randomUUID(),
      brainId: projectId,
      authType: 'no_auth',
      ...request.data,
      signingSecret: randomBytes(32).toString('hex'),
      createdAt: new Date(now()).toISOString(),
    }
    integrations.set(projectId, integration)
    return success('Integration created successfully', {
      ...visible(integration),
      signingSecret: integration.signingSecret,
    })
  }

  function others(method: Exclude<Method, 'POST'>, body: unknown): Answer {
    const integration = integrations.get(projectId)
    if (integration === undefined) return errorAnswer(404, ['Integration not found.'])
    if (method === 'DELETE') {
      integrations.delete(projectId)
      return success('Integration deleted successfully', {})
    }
    if (method === 'GET') {
      const { id, authType, ...rest } = visible(integration)
      return success('Integration found', behaviour.sparseRead ? rest : { id, authType, ...rest })
    }
    const request = updateSchema.safeParse(body)
    if (!request.success) return invalid(400, request.error)
    const updated = { ...integration, ...request.data }
    integrations.set(projectId, updated)
    return success('Integration updated successfully.', visible(updated))
  }

  return ({ method, projectId: project, headers, body }) => {
    const known = headers['x-api-key'] === callers.apiKey || headers['authorization'] === `Basic ${pair}`
    if (!known) return errorAnswer(401, 'Unauthorized')
    if (project !== projectId) return errorAnswer(404, 'Project not found')
    return method === 'POST' ? create(body) : others(method, body)
  }
}

/** What any answer may show of an integration. */
export function visible(
  integration: SimulatedIntegration,
): Omit<SimulatedIntegration, 'signingSecret' | 'authorization'> {
  const { signingSecret: _secret, authorization: _credential, ...rest } = integration
  return rest
}

function invalid(status: number, error: z.ZodError): Answer {
  return errorAnswer(
    status,
    error.issues.map(issue => issue.message),
    z.flattenError(error).fieldErrors,
  )
}

/** HTTP is only for a webhook on this machine, as in development. */
function isAcceptable(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
}
