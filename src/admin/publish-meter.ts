import { Buckets, DURATIONS } from './histogram.ts'
import { INTERNAL, noneOf, PUBLISH_FAILURES } from './outcomes.ts'

/** What became of the events that were handed to the queue's driver, straight or from the spool, since the start. */
export class PublishMeter {
  /** By `accepted`, `duplicate`, or why not; whatever else happened counts as internal. */
  readonly outcomes = noneOf(['accepted', 'duplicate', ...PUBLISH_FAILURES, INTERNAL])
  /** Until the driver confirmed or failed, in seconds. */
  readonly durations = new Buckets(DURATIONS)
  /** Events that it has neither confirmed nor failed yet. */
  inFlight = 0

  started(): void {
    this.inFlight++
  }

  /** `outcome` is one of the queue's or the code of an error; `duration` in ms. */
  settled(outcome: string, duration: number): void {
    const { outcomes, durations } = this
    const count = outcomes[outcome]
    if (count === undefined) outcomes[INTERNAL] = Number(outcomes[INTERNAL]) + 1
    else outcomes[outcome] = count + 1
    durations.observe(duration / 1000)
    this.inFlight--
  }
}
