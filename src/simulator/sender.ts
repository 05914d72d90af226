import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { Agent } from 'undici'
import { NoIntegrationError } from '../errors.ts'
import { sign, signingKey } from '../jelou/signature.ts'
import type { JelouEvent } from './events.ts'
import type { SimulatedIntegration } from './integrations.ts'

/**
 * How an event is sent. `signature`: in capitals, by another key (`forged`), or `missing`. `credential`: `as-registered` is
 * `Basic` without the base64, and `wrong` another one of the same scheme. `pretty` sends spaced JSON while the signature stays
 * that of the compact text. `headers` are added and win.
 */
export type SendOptions = {
  signature?: 'valid' | 'uppercase' | 'forged' | 'missing'
  credential?: 'registered' | 'as-registered' | 'wrong' | 'missing'
  pretty?: boolean
  headers?: Record<string, string>
}

/** What the webhook answered. Status 0 is no answer, and `error` then its code. `latency` in ms, up to the end of the answer. */
export type Delivery = { status: number; body: string; latency: number; error?: string }

export interface Sender {
  /**
   * Sends an event to the registered webhook, once, as Jelou would; a text or bytes are sent and signed as they are.
   * Throws NoIntegrationError when nothing is registered; what the network does never throws.
   */
  send(event: JelouEvent | string | Buffer, options?: SendOptions): Promise<Delivery>
  /** Cuts what is under way. The sender may be used again afterwards; idempotent. */
  close(): Promise<void>
}

/** A sibling product gives a webhook this long, in ms (protocol page, 2). */
const TIMEOUT = 20_000

/** Sends to whatever is registered at that moment. Connections are kept alive, as many as there are calls at a time. */
export function createSender(registered: () => SimulatedIntegration | undefined): Sender {
  let agent: Agent | undefined

  return {
    async send(event, options = {}) {
      const integration = registered()
      if (integration === undefined) throw new NoIntegrationError()
      agent ??= new Agent({ headersTimeout: TIMEOUT, bodyTimeout: TIMEOUT })
      const { origin, pathname, search } = new URL(integration.webhookUrl)
      const signed = typeof event === 'string' || Buffer.isBuffer(event) ? event : JSON.stringify(event)
      const start = performance.now()
      return agent
        .request({
          method: 'POST',
          origin,
          path: pathname + search,
          headers: {
            'content-type': 'application/json',
            ...signatureHeader(signed, integration.signingSecret, options.signature),
            ...credentialHeader(integration, options.credential),
            ...options.headers,
          },
          body: options.pretty ? JSON.stringify(JSON.parse(signed.toString()), null, 2) : signed,
        })
        .then(async ({ statusCode, body }) => ({ status: statusCode, body: await body.text() }))
        .catch((error: NodeJS.ErrnoException) => ({ status: 0, body: '', error: String(error.code) }))
        .then(answer => ({ ...answer, latency: performance.now() - start }))
    },
    async close() {
      await agent?.destroy()
      agent = undefined
    },
  }
}

function signatureHeader(
  signed: string | Buffer,
  secret: string,
  kind: SendOptions['signature'] = 'valid',
): Record<string, string> {
  if (kind === 'missing') return {}
  const signature = sign(signed, signingKey(kind === 'forged' ? randomBytes(32).toString('hex') : secret))
  const [scheme, hex = ''] = signature.split('=')
  return { 'x-jelou-signature': kind === 'uppercase' ? `${scheme}=${hex.toUpperCase()}` : signature }
}

function credentialHeader(
  { authType, authorization }: SimulatedIntegration,
  kind: SendOptions['credential'] = 'registered',
): Record<string, string> {
  if (kind === 'missing' || authorization === undefined) return {}
  const credential = kind === 'wrong' ? randomBytes(32).toString('hex') : authorization
  const basic = kind === 'as-registered' ? credential : Buffer.from(credential).toString('base64')
  const headers = {
    no_auth: {},
    bearer: { authorization: `Bearer ${credential}` },
    api_key: { 'x-api-key': credential },
    basic: { authorization: `Basic ${basic}` },
  }
  return headers[authType]
}
