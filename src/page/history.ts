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

type Sample = Counts & { index: number; times: Durations; waiting: number | null }

/**
 * The last quarter of an hour in samples of five seconds. Its memory is fixed, and an event costs it a few additions.
 * The clock gives ms since the epoch.
 */
export class History {
  readonly #now: () => number
  readonly #startedAt: number
  readonly #samples: Sample[]
  /** What is over does not change: worked out once for each sample that ends, however many look at it. */
  #over: { end: number; periods: Map<number, (Period | null)[]> } = { end: -1, periods: new Map() }

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

  observe({ outcome, answered, timeline }: Pick<Exchange, 'outcome' | 'answered' | 'timeline'>): void {
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

  /** The samples that are over, one by one, oldest first; null from before the start. */
  samples(): (Period | null)[] {
    return this.#periods(1)
  }

  /** The same in whole minutes from now backwards. */
  minutes(): (Period | null)[] {
    return this.#periods(60_000 / SAMPLE)
  }

  #periods(size: number): (Period | null)[] {
    const end = this.#index()
    if (this.#over.end !== end) this.#over = { end, periods: new Map() }
    const known = this.#over.periods.get(size)
    if (known) return known
    const length = SAMPLES / size
    const periods = Array.from({ length }, (_, place) => this.#period(end - SAMPLES + place * size, size))
    this.#over.periods.set(size, periods)
    return periods
  }

  #period(first: number, size: number): Period | null {
    if ((first + size) * SAMPLE <= this.#startedAt) return null
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
