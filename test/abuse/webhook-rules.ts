import { createHash, createHmac } from 'node:crypto'
import type { WireAnswer } from './answers.ts'
import { valuesOf, type ModelRequest } from './http-model.ts'

export const PATH = '/webhook/jelou'
export const SECRET = 'the signing secret of the fuzzer'
export const TOKEN = 'the-credential-of-the-fuzzer'
export const BODY_LIMIT = 65_536

/** What a right service makes of a request: whether it answers with success, and the id of the event that it took then, if it is one. */
export type Verdict = { isTaken: 'must' | 'may'; id?: string } | { isTaken: 'never' }

const NEVER: Verdict = { isTaken: 'never' }

/**
 * Whether the webhook may take this, by the protocol alone: written anew, with nothing of the code under test. Only what was signed
 * with the secret, presents the credential, and is an event can be taken, whatever else is odd about it.
 */
export function judgeWebhook(request: ModelRequest): Verdict {
  const { method, target, version, body } = request
  if (method === 'GET' && /^\/(?:healthz|readyz)\b/.test(target) && isSound(request))
    return { isTaken: 'may' }
  if (method !== 'POST' || !isWebhook(target) || !isSound(request)) return NEVER
  const [authorization, signature, type] = ['authorization', 'x-jelou-signature', 'content-type'].map(name =>
    only(valuesOf(request, name)),
  )
  if (valuesOf(request, 'x-api-key').length > 1) return NEVER
  const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? []
  if (token !== TOKEN || !/^application\/json[ \t]*(;|$)/i.test(type ?? '')) return NEVER
  const encodings = valuesOf(request, 'content-encoding').map(value => value.toLowerCase())
  if (encodings.some(encoding => encoding !== 'identity')) return NEVER
  const received = Buffer.from(body, 'latin1')
  if (received.length > BODY_LIMIT) return NEVER
  const signed = signedForm(received, signature ?? '')
  if (signed === undefined || !isEvent(signed)) return NEVER
  // Odd in a way that a service may refuse, or an odd way to write the path, or of the type.
  const isPlain =
    request.isStrict &&
    version === '1.1' &&
    /^\/webhook\/jelou(\?[a-z0-9=&]*)?$/.test(target) &&
    /^application\/json(; ?charset=utf-8)?$/i.test(type ?? '') &&
    encodings.length < 2 &&
    valuesOf(request, 'expect').length < 2 &&
    headSize(request) < 15_000 &&
    // How deep JSON may be to be written again depends on the stack.
    !body.includes('['.repeat(1_000))
  return { isTaken: isPlain ? 'must' : 'may', id: createHash('sha256').update(signed).digest('hex') }
}

/** Every way to write the path that a router could take for it. */
function isWebhook(target: string): boolean {
  const [path = ''] = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '').split(/[?#;]/)
  try {
    return decodeURIComponent(path) === PATH
  } catch {
    return false
  }
}

/** What both listeners want of a request before anything else. */
export function isSound(request: ModelRequest): boolean {
  const { version } = request
  const hosts = valuesOf(request, 'host').length
  const [coding] = valuesOf(request, 'transfer-encoding')
  const expected = valuesOf(request, 'expect')
  return (
    (version === '1.1' || version === '1.0') &&
    (hosts === 1 || (hosts === 0 && version === '1.0')) &&
    (coding === undefined || (coding.toLowerCase() === 'chunked' && version === '1.1')) &&
    (version === '1.0' || expected.every(value => value.toLowerCase() === '100-continue')) &&
    request.headers.length <= 100
  )
}

export function headSize({ target, headers }: ModelRequest): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, target.length)
}

/** The bytes that the signature is of: those received, or their canonical form. */
function signedForm(received: Buffer, signature: string): Buffer | undefined {
  const [, hex] = /^sha256=([0-9a-f]{64})$/i.exec(signature) ?? []
  const isSigned = (bytes: Buffer) =>
    createHmac('sha256', SECRET).update(bytes).digest('hex') === hex?.toLowerCase()
  if (isSigned(received)) return received
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(received)
    const canonical = Buffer.from(JSON.stringify(JSON.parse(text)))
    return isSigned(canonical) ? canonical : undefined
  } catch {
    return undefined
  }
}

function isEvent(bytes: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const event: unknown = JSON.parse(text)
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return false
    return ['event', 'event_type'].some(name => {
      const value: unknown = Object.getOwnPropertyDescriptor(event, name)?.value
      return typeof value === 'string' && value !== ''
    })
  } catch {
    return false
  }
}

/** The only one of them; undefined when there is none, or more. */
function only(values: readonly string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined
}

/** What is wrong with an answer that says that an event was taken; undefined: nothing. */
export function wrongWebhookAnswer({ status, text }: WireAnswer, verdict: Verdict): string | undefined {
  if (!('id' in verdict)) return undefined
  const answer: { status?: unknown; id?: unknown } = JSON.parse(text)
  const isRight =
    status === 200 && /^(?:accepted|duplicate)$/.test(String(answer.status)) && answer.id === verdict.id
  return isRight ? undefined : `not the answer to ${verdict.id}`
}
