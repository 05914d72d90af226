import type { Figure } from './statistics.ts'

/** What one round of a subject gave. Latencies in ms, processor time in seconds for 1,000 events, sizes in MB. */
export type Sample = {
  /** Requests answered as they should be, per second. */
  perSecond: number
  p50: number
  p99: number
  p999: number
  cpu: number
  brokerCpu: number
  rss: number
  peak: number
  /** The share of one processor that the sender took. */
  sender: number
  /** Answered otherwise, or not at all. */
  failed: number
}

/** A constant number of requests a second. Latencies are of those that were taken, and count from when they were due. */
export type PacedSample = {
  /** Those that became due, per second, were sent, and were answered 200 before the end. */
  rate: number
  offered: number
  accepted: number
  p50: number
  p99: number
  p999: number
}

/** More than can be taken: what was taken, refused, and how quickly. Latencies count from the sending. */
export type OverloadSample = PacedSample & {
  capacity: number
  connections: number
  refused: number
  refusedP99: number
  /** Waited at the sender to the end, because no connection was free. */
  unsent: number
  /** Answered by neither 200 nor 503, or cut off. */
  failed: number
}

/** What a round gave of each subject and of what is not a subject. */
export type Round = {
  subjects: Record<string, Sample>
  /** Half of what the embedded queue takes. */
  halfLoad: Record<string, PacedSample>
  overload?: OverloadSample
  /** Ms from the start of the process to ready, one for each start. */
  ready?: number[]
  /** Syncs of 4 KiB that were appended, per second. */
  fdatasync?: number
}

export type GoalResult = {
  id: string
  says: string
  unit: string
  bound: number
  atLeast: boolean
  /** Undefined when what it is about was not measured. */
  value?: Figure
  reached?: boolean
  /** It was reached once, and is missed now by more than the noise. */
  isRegression?: boolean
  because?: string
}

/** Everything that a run gave, as it is written to results.json. */
export type Results = {
  machine: Record<string, string>
  run: {
    date: string
    commit: string
    seed: string
    rounds: number
    seconds: number
    connections: number
    sender: string
  }
  skipped: Record<string, string>
  goals: GoalResult[]
  rounds: Round[]
}
