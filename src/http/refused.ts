import {
  BodyTooLargeError,
  ExpectationError,
  HeadersTooLargeError,
  MalformedRequestError,
  MethodNotAllowedError,
  RequestTimeoutError,
} from '../errors.ts'

const ANSWERED = [
  MalformedRequestError,
  MethodNotAllowedError,
  RequestTimeoutError,
  BodyTooLargeError,
  ExpectationError,
  HeadersTooLargeError,
].map(Refusal => new Refusal().code)

/**
 * Why a connection is cut without an answer: nothing came on it, another takes its place, or its answer is not read.
 * One that is idle after its answer is none of them.
 */
export type Cut = 'silent' | 'crowded' | 'unread'
const CUT: readonly Cut[] = ['silent', 'crowded', 'unread']

/** What a listener refused before any route, counted since the start: requests by the code of errors.ts, and connections. */
export class Refused {
  readonly counts: Record<string, number> = Object.fromEntries([...ANSWERED, ...CUT].map(check => [check, 0]))

  answered({ code }: Error & { code: string }): void {
    this.#count(code)
  }

  cut(reason: Cut): void {
    this.#count(reason)
  }

  #count(check: string): void {
    this.counts[check] = Number(this.counts[check]) + 1
  }
}
