import type { Exchange, Timeline } from '../webhook/exchange.ts'
import { AGES, Buckets, DURATIONS } from './histogram.ts'

/** Clocks differ by less, if they are kept at all: an event that is dated later by more than this, in ms, was dated by another time. */
const AHEAD = 1_000

/** What the requests to the webhook took, counted since the start; all in seconds. */
export class Traffic {
  /** From the headers to the answer, by how it ended: `refused` is the caller's fault (4xx), `failed` is ours (5xx). */
  readonly durations = {
    accepted: new Buckets(DURATIONS),
    duplicate: new Buckets(DURATIONS),
    refused: new Buckets(DURATIONS),
    failed: new Buckets(DURATIONS),
  }
  /** What each stage took, of the requests that passed it. */
  readonly stages = {
    credential: new Buckets(DURATIONS),
    body: new Buckets(DURATIONS),
    signature: new Buckets(DURATIONS),
    publish: new Buckets(DURATIONS),
  }
  /** How old events were when they arrived, by their own timestamps. */
  readonly ages = new Buckets(AGES)
  /** Events that were dated later than they arrived, and not by a little. */
  ahead = 0

  /** For the webhook's `observe`; bound, and allocates nothing. */
  readonly observe = ({ timeline, answered, eventAge, outcome, statusCode }: Exchange): void => {
    this.#durationsOf(outcome, statusCode).observe((answered - timeline.received) / 1000)
    this.#stagesOf(timeline)
    if (eventAge === undefined) return
    // A sum that shrinks would be no counter any more.
    this.ages.observe(Math.max(0, eventAge) / 1000)
    if (eventAge < -AHEAD) this.ahead++
  }

  #durationsOf(outcome: string, statusCode: number): Buckets {
    const { durations } = this
    if (statusCode >= 500) return durations.failed
    if (statusCode >= 400) return durations.refused
    return outcome === 'duplicate' ? durations.duplicate : durations.accepted
  }

  #stagesOf({ received, credential, body, signature, publish }: Timeline): void {
    const { stages } = this
    if (credential === undefined) return
    stages.credential.observe((credential - received) / 1000)
    if (body === undefined) return
    stages.body.observe((body - credential) / 1000)
    if (signature === undefined) return
    stages.signature.observe((signature - body) / 1000)
    if (publish === undefined) return
    stages.publish.observe((publish - signature) / 1000)
  }
}
