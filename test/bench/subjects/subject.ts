import type { Usage } from '../process-usage.ts'
import type { Scope } from '../scope.ts'
import type { Brokers } from './brokers.ts'

/** What is sent to a subject: fresh events; the same thousand; wrongly signed ones; large bodies of a stranger. */
export type Traffic = 'fresh' | 'duplicates' | 'forged' | 'strangers'

/** What a subject is started with: for one round, after which it ends with the scope. */
export type Start = {
  scope: Scope
  /** Empty, and nobody else's. */
  folder: string
  /** Of a queue that nobody used. */
  queueName: string
  brokers: Brokers
  /** Events that wait, a million unless told: the folder of the data, which is kept through all rounds. */
  backlog: (count?: number) => Promise<string>
}

/** A subject that takes requests. */
export type Running = {
  /** Its origin. */
  url: string
  pid: number | undefined
  /** What its broker has used. */
  broker?: () => Usage
  /** How many events are in its queue, found from outside; missing where there is none. */
  stored?: () => Promise<number>
}

/** Something that is measured. */
export type Subject = {
  name: string
  group: 'ceiling' | 'ours' | 'instead'
  /** One line: what it is and does. */
  about: string
  traffic: Traffic
  /** Null when what it needs is not on the machine: the scope then has the reason. */
  start: (at: Start) => Promise<Running | null>
}
