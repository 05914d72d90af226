import type { Exchange } from '../webhook/exchange.ts'
import { Durations } from './durations.ts'

/** How long one sample is, in ms. */
export const SAMPLE = 5_000
/** How many are kept: a quarter of an hour, and the one that is under way. */
export const SAMPLES = 180

/** How requests to the webhook ended. */
export type Counts = { accepted: number; duplicate: number; refused: number }

/** What happened within some time. */
export type Period = Counts & {
  /** When it began, in ms since the epoch. */
  from: number
  /** In ms. */
  length: number
  /** How long events that were taken waited for their answer, in ms; null when none was taken. */
  answer: { median: number; p99: number } | null
  /** The most events that waited in the queue; null when it was not asked. */
  waiting: number | null
}

/** In samples. */
const MINUTE = 60_000 / SAMPLE
/** More than belong to a quarter of an hour: each sample, the minute that ends with it, and its part of a minute of the clock. */
const MOST_KNOWN = 4 * SAMPLES

type Observed = Pick<Exchange, 'outcome' | 'answered' | 'timeline'>
type Sample = Counts & { index: number; times: Durations; waiting: number | null }

/**
 * The last quarter of an hour in samples of five seconds. Its memory is bounded, and an event costs it a few additions.
 * The clock gives ms since the epoch.
 */
export class History {
  readonly #now: () => number
  readonly #startedAt: number
  readonly #samples: Sample[]
  /** What is over does not change, so it is worked out once, by how many samples it has and the first of them. */
  readonly #over = new Map<string, Period>()

  constructor(now: () => number) {
    this.#now = now
    this.#startedAt = now()
    this.#samples = Array.from({ length: SAMPLES + 1 }, () => ({
      index: -1,
      accepted: 0,
      duplicate: 0,
      refused: 0,
      waiting: null,
      times: new Durations(),
    }))
  }

  /** What the webhook tells of each request. */
  readonly observe = ({ outcome, answered, timeline }: Observed): void => {
    const sample = this.#current()
    if (outcome !== 'accepted' && outcome !== 'duplicate') {
      // Their times are left out: a flood of forgeries, refused quickly, would make the service look fast.
      sample.refused++
      return
    }
    sample[outcome]++
    sample.times.add(answered - timeline.received)
  }

  /** How many events wait in the queue now. */
  waiting(count: number): void {
    const sample = this.#current()
    sample.waiting = Math.max(sample.waiting ?? 0, count)
  }

  /** The samples that are over, oldest first; null from before the start. */
  samples(): (Period | null)[] {
    const first = this.#index() - SAMPLES
    return Array.from({ length: SAMPLES }, (_, place) => this.#period(first + place, 1))
  }

  /** The same by the minutes of the clock, the last one as far as it is over. */
  minutes(): Period[] {
    const end = this.#index()
    const first = Math.ceil((end - SAMPLES) / MINUTE)
    const minutes = Array.from(
      { length: Math.ceil(end / MINUTE) - first },
      (_, place) => (first + place) * MINUTE,
    )
    return minutes
      .map(start => this.#period(start, Math.min(MINUTE, end - start)))
      .filter(minute => minute !== null)
  }

  /** The minute until now, or what there was of it. */
  lastMinute(): Period | null {
    return this.#period(this.#index() - MINUTE, MINUTE)
  }

  /** Null from before the start. */
  #period(first: number, size: number): Period | null {
    if ((first + size) * SAMPLE <= this.#startedAt) return null
    const key = `${size} ${first}`
    const known = this.#over.get(key)
    if (known) return known
    const period = this.#sum(first, size)
    this.#over.set(key, period)
    if (this.#over.size > MOST_KNOWN) this.#forget(this.#now() - SAMPLES * SAMPLE)
    return period
  }

  #forget(before: number): void {
    for (const [key, { from }] of this.#over) if (from < before) this.#over.delete(key)
  }

  #sum(first: number, size: number): Period {
    const times = new Durations()
    const counts = { accepted: 0, duplicate: 0, refused: 0 }
    let waiting: number | null = null
    for (let index = first; index < first + size; index++) {
      const sample = this.#samples[index % this.#samples.length]
      if (sample?.index !== index) continue
      times.addAll(sample.times)
      counts.accepted += sample.accepted
      counts.duplicate += sample.duplicate
      counts.refused += sample.refused
      if (sample.waiting !== null) waiting = Math.max(waiting ?? 0, sample.waiting)
    }
    const from = Math.max(first * SAMPLE, this.#startedAt)
    const length = (first + size) * SAMPLE - from
    const [median, p99] = [times.quantile(0.5), times.quantile(0.99)]
    const answer = median === null || p99 === null ? null : { median, p99 }
    return { from, length, ...counts, answer, waiting }
  }

  #index(): number {
    return Math.floor(this.#now() / SAMPLE)
  }

  /** The sample that is under way; begun anew in the place of one that is too old. */
  #current(): Sample {
    const index = this.#index()
    const sample = this.#samples[index % this.#samples.length]
    if (sample === undefined) throw new RangeError('the clock is before the epoch')
    if (sample.index === index) return sample
    sample.times.clear()
    return Object.assign(sample, { index, accepted: 0, duplicate: 0, refused: 0, waiting: null })
  }
}
