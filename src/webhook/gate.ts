import type { KeyObject } from 'node:crypto'
import type { BlockList } from 'node:net'
import type { FastifyRequest } from 'fastify'
import {
  BodyTooLargeError,
  ContentTypeError,
  CredentialInvalidError,
  DrainingError,
  NotRegisteredError,
  SignatureInvalidError,
  SourceNotAllowedError,
} from '../errors.ts'
import { holds, withoutPort } from '../network.ts'
import { credentialCheck, repeatedHeader, type Credential, type CredentialCheck } from './credentials.ts'

/** The keys and credentials that pass right now; an array that has not changed is the same object as before. */
export type Accepted = { keys: readonly KeyObject[]; credentials: readonly Credential[] }

/** What the gate asks of the rest of the service. */
export type GateOptions = {
  /** Undefined: any source may call. */
  allowedSources: BlockList | undefined
  /** In bytes. */
  bodyLimit: number
  /** Null as long as the service is not registered. */
  accepted: () => Accepted | null
  /**
   * Asked when `accepted` does not pass a request: whether it changed meanwhile, because another replica rotates the secret, so
   * that the request deserves another look. Not for nothing, but cheap however often it is asked. Throws OverloadedError.
   */
  refreshed: () => Promise<boolean>
  /** True once draining has begun and the delay before it is over. */
  draining: () => boolean
}

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i

/** The checks that need no body, the cheapest first; each throws its own error of errors.ts. */
export function createGate(options: GateOptions): (request: FastifyRequest) => Promise<void> {
  const checkOf = memoised(credentialCheck)
  const isPresented = ({ headers }: FastifyRequest): boolean =>
    checkOf(acceptedNow(options).credentials)(headers)
  return async request => {
    const { headers, raw } = request
    if (options.allowedSources && !holds(options.allowedSources, withoutPort(request.ip)))
      throw new SourceNotAllowedError()
    if (options.draining()) throw new DrainingError()
    acceptedNow(options)
    const repeated = repeatedHeader(raw.rawHeaders)
    if (repeated === 'authorization' || repeated === 'x-api-key') throw new CredentialInvalidError()
    if (!isPresented(request) && !((await options.refreshed()) && isPresented(request)))
      throw new CredentialInvalidError()
    if (!JSON_TYPE.test(headers['content-type'] ?? '') || repeated === 'content-type')
      throw new ContentTypeError()
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') throw new ContentTypeError()
    if (Number(headers['content-length']) > options.bodyLimit) throw new BodyTooLargeError()
    if (repeated === 'x-jelou-signature') throw new SignatureInvalidError()
  }
}

/** Throws NotRegisteredError while nothing is accepted. */
export function acceptedNow({ accepted }: Pick<GateOptions, 'accepted'>): Accepted {
  const now = accepted()
  if (now === null) throw new NotRegisteredError()
  return now
}

/** Remembers the check of the last credentials, which are the same for millions of requests. */
function memoised(make: (credentials: readonly Credential[]) => CredentialCheck) {
  let last: { credentials: readonly Credential[]; check: CredentialCheck } | undefined
  return (credentials: readonly Credential[]): CredentialCheck => {
    if (last?.credentials !== credentials) last = { credentials, check: make(credentials) }
    return last.check
  }
}
