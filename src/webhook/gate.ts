import type { KeyObject } from 'node:crypto'
import type { BlockList } from 'node:net'
import type { FastifyRequest } from 'fastify'
import {
  ContentTypeError,
  CredentialInvalidError,
  DrainingError,
  NotRegisteredError,
  SignatureInvalidError,
  SourceNotAllowedError,
} from '../errors.ts'
import { holds } from '../network.ts'
import { credentialCheck, repeatedHeader, type Credential, type CredentialCheck } from './credentials.ts'

/** The keys and credentials that pass right now; an array that has not changed is the same object as before. */
export type Accepted = { keys: readonly KeyObject[]; credentials: readonly Credential[] }

/** What the gate asks of the rest of the service. */
export type GateOptions = {
  /** Undefined: any source may call. */
  allowedSources: BlockList | undefined
  /** Null as long as the service is not registered. */
  accepted: () => Accepted | null
  /** True once draining has begun and the delay before it is over. */
  draining: () => boolean
}

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i

/** The checks that need no body, the cheapest first; each throws its own error of errors.ts. */
export function createGate(options: GateOptions): (request: FastifyRequest) => void {
  const checkOf = memoised(credentialCheck)
  return ({ ip, headers, raw }) => {
    if (options.allowedSources && !holds(options.allowedSources, ip)) throw new SourceNotAllowedError()
    if (options.draining()) throw new DrainingError()
    const hasCredential = checkOf(acceptedNow(options).credentials)
    const repeated = repeatedHeader(raw.rawHeaders)
    if (repeated === 'authorization' || repeated === 'x-api-key' || !hasCredential(headers)) {
      throw new CredentialInvalidError()
    }
    if (!JSON_TYPE.test(headers['content-type'] ?? '') || repeated === 'content-type')
      throw new ContentTypeError()
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') throw new ContentTypeError()
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
