import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** One refused request, without anything that it carried: no header value, no body, no credential. */
export type Rejection = {
  /** ISO 8601. */
  time: string
  /** The code of the check that failed. */
  check: string
  statusCode: number
  /** Names only, lowercase; at most 50, each cut to 64 characters. */
  headers: string[]
  /** Bytes received or, when the body was not read, declared; null when unknown. */
  bodyLength: number | null
  /** SHA-256 of the received bytes, hex; null when the body was not read. */
  bodyHash: string | null
  source: string
}

/** As it is kept: nearly all of them are forgotten before anybody asks, so their times are not written before. */
type Kept = Omit<Rejection, 'time'> & { at: number }

const KEPT = 100

/** The last refused requests, and how many there were of each kind since the start. */
export class Rejections {
  readonly counts: Record<string, number> = {}
  readonly #last: Kept[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  add(request: FastifyRequest, error: { code: string; statusCode: number }): Kept {
    const body = Buffer.isBuffer(request.body) ? request.body : undefined
    const declared = Number(request.headers['content-length'] ?? Number.NaN)
    const rejection = {
      at: this.#now(),
      check: error.code,
      statusCode: error.statusCode,
      headers: Object.keys(request.headers)
        .slice(0, 50)
        .map(name => name.slice(0, 64)),
      // The parser takes lengths up to 2^64, which no reader of JSON has to.
      bodyLength: body?.length ?? (Number.isSafeInteger(declared) ? declared : null),
      bodyHash: body ? hash('sha256', body) : null,
      source: request.ip,
    }
    this.counts[error.code] = (this.counts[error.code] ?? 0) + 1
    if (this.#last.push(rejection) > KEPT) this.#last.shift()
    return rejection
  }

  /** Newest first. */
  list(): readonly Rejection[] {
    return this.#last
      .map(({ at, ...rejection }) => ({ time: new Date(at).toISOString(), ...rejection }))
      .toReversed()
  }
}
