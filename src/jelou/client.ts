import type { Pool } from 'undici'
import { describeError, formOf, formsOf, printable, statusText, type ErrorForm } from './reason.ts'
import { parseRetryAfter } from './retry-after.ts'
import { integrationSchema, type Integration, type IntegrationRequest } from './schemas.ts'

/** How this service presents itself to Jelou: `x-api-key`, or `Authorization: Basic` (protocol page, 1). */
export type CallerCredential = { apiKey: string } | { clientId: string; clientSecret: string }

/**
 * What came of one call. `refused`: Jelou says no, and would again; `form` tells whether it is likely that it was Jelou. `unavailable`: no usable answer, so the call may or may not
 * have been processed; `retryAfter` (ms) is what Jelou asked for. `reason` is one printable line without secrets.
 */
export type JelouAnswer =
  | { kind: 'ok'; integration: Integration }
  | { kind: 'refused'; status: number; reason: string; form: ErrorForm }
  | { kind: 'unavailable'; reason: string; retryAfter?: number; cause?: unknown }

/**
 * Jelou's integration API for one project. One call is one try, because a create that is repeated can cost the secret;
 * nothing that Jelou or the network does makes a call throw. An `ok` update or remove may have an empty integration.
 */
export interface IntegrationApi {
  create(body: IntegrationRequest): Promise<JelouAnswer>
  read(): Promise<JelouAnswer>
  update(body: Partial<IntegrationRequest>): Promise<JelouAnswer>
  remove(): Promise<JelouAnswer>
  /** Waits for the calls under way, because the answer to a create must not be lost; idempotent. */
  close(): Promise<void>
}

/**
 * `timeout` is the most that one whole call may take, in ms; a create may take twice as long, which is
 * still less than the service gives itself to shut down. `now` is in ms since the epoch.
 */
export type IntegrationApiOptions = {
  baseUrl: string
  projectId: string
  credential: CallerCredential
  timeout?: number
  now?: () => number
}

type Method = 'POST' | 'GET' | 'PATCH' | 'DELETE'

const MAX_RESPONSE_BYTES = 1024 * 1024
/** Statuses below 500 that say "later", not "no". */
const TEMPORARY = new Set([408, 425, 429])

/** Throws a TypeError when `baseUrl` is not a URL. */
export function createIntegrationApi(options: IntegrationApiOptions): IntegrationApi {
  const { baseUrl, projectId, credential, timeout = 10_000, now = Date.now } = options
  const base = new URL(baseUrl)
  const path = `${base.pathname.replace(/\/+$/, '')}/external-support/${encodeURIComponent(projectId)}`
  const { callerSecrets, authentication } = presenting(credential)
  let pool: Pool | undefined
  let closed: Promise<void> | undefined

  /** Loaded at the first call: it takes a tenth of the start, and with a kept secret events are taken before. */
  async function open(): Promise<Pool> {
    const { Pool } = await import('undici')
    // Calls are minutes apart: a kept connection would be found dead by the create that must not be sent twice.
    return (pool ??= new Pool(base.origin, {
      pipelining: 0,
      allowH2: false,
      connect: { timeout },
      maxResponseSize: MAX_RESPONSE_BYTES,
    }))
  }

  async function attempt(
    method: Method,
    body: Partial<IntegrationRequest> | undefined,
    secrets: readonly string[],
    signal: AbortSignal,
  ): Promise<JelouAnswer> {
    const opened = await open()
    const response = await opened.request({
      method,
      path,
      signal,
      headers: {
        accept: 'application/json',
        ...authentication,
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body ? JSON.stringify(body) : null,
    })
    const status = response.statusCode
    // A body that breaks off does not undo the status.
    const text = await response.body.text().catch(() => undefined)
    if (status < 300) return success(method, status, text)
    const said = text ?? ''
    const reason = printable(describeError(status, said), secrets)
    if (status >= 400 && status < 500 && !TEMPORARY.has(status))
      return { kind: 'refused', status, reason, form: formOf(said) }
    const retryAfter = parseRetryAfter(response.headers['retry-after'], now())
    return { kind: 'unavailable', reason, ...(retryAfter !== undefined && { retryAfter }) }
  }

  function call(method: Method, body?: Partial<IntegrationRequest>): Promise<JelouAnswer> {
    const secrets = [...callerSecrets, ...webhookSecretsIn(body)].flatMap(formsOf)
    const limit = method === 'POST' ? 2 * timeout : timeout
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), limit)
    return attempt(method, body, secrets, deadline.signal)
      .catch((error: NodeJS.ErrnoException) =>
        deadline.signal.aborted ? late(limit) : failure(error, secrets),
      )
      .finally(() => clearTimeout(timer))
  }

  return {
    create: body => call('POST', body),
    read: () => call('GET'),
    update: body => call('PATCH', body),
    remove: () => call('DELETE'),
    close: () => (closed ??= open().then(opened => opened.close())),
  }
}

/** The header that the caller is known by, and everything in it that must not come back in a reason. */
function presenting(credential: CallerCredential): {
  callerSecrets: string[]
  authentication: Record<string, string>
} {
  if ('apiKey' in credential)
    return { callerSecrets: [credential.apiKey], authentication: { 'x-api-key': credential.apiKey } }
  const { clientId, clientSecret } = credential
  const pair = `${clientId}:${clientSecret}`
  return {
    callerSecrets: [clientId, clientSecret, pair],
    authentication: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
  }
}

/** The registered credential and, of `user:password`, the password. */
function webhookSecretsIn({ authorization = '' }: Partial<IntegrationRequest> = {}): string[] {
  return [authorization, authorization.slice(authorization.indexOf(':') + 1)]
}

/** A create and a read are only worth something with the integration in them; an update and a remove are done by their status. */
function success(method: Method, status: number, text: string | undefined): JelouAnswer {
  const integration = text === undefined ? undefined : parseIntegration(text)
  if (integration !== undefined) return { kind: 'ok', integration }
  if (method === 'PATCH' || method === 'DELETE') return { kind: 'ok', integration: {} }
  const what = text === undefined ? 'a body that broke off' : 'a body that is not a JSON object'
  return { kind: 'unavailable', reason: `${statusText(status)} with ${what}` }
}

function parseIntegration(text: string): Integration | undefined {
  try {
    return integrationSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function late(limit: number): JelouAnswer {
  return { kind: 'unavailable', reason: `no answer within ${limit} ms` }
}

function failure(error: NodeJS.ErrnoException, secrets: readonly string[]): JelouAnswer {
  const reason = printable([error.code, error.message].filter(Boolean).join(': '), secrets)
  // undici puts the bytes that it could not parse into this error, and a signing secret may be among them.
  if (error.name === 'HTTPParserError') return { kind: 'unavailable', reason }
  return { kind: 'unavailable', reason, cause: error }
}
