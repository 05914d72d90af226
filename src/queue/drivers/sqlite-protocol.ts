import { QueueCorruptError, QueueFullError, QueueLockedError, QueueUnavailableError } from '../../errors.ts'
import type { DeadLetter, QueueStats, SettleResult, TakeRequest } from '../types.ts'
import { settledIn, unpackKeys, type PackedEvents, type PackedLeases } from './sqlite-batch.ts'

/** A table of events is full with so many, or so many bytes of them since it was begun or opened. */
export type SegmentLimits = { events: number; bytes: number }

/** What the worker is started with (workerData). Sizes in bytes, times in ms. */
export type WorkerOptions = {
  file: string
  dedupeWindow: number
  maxSize: number
  minFree: number
  ballast: number
  maxAttempts: number
  /** When a table of events is full; given by tests that want many. */
  segments?: Partial<SegmentLimits>
  /** Where to count the events of each key, if somebody wants to know. */
  keyCounts?: SharedArrayBuffer
}

/** What the main thread asks of the worker. */
export type Request =
  | { kind: 'enqueue'; batch: ArrayBuffer; events: number }
  | { kind: 'receive'; max: number; wait: number; lease: number }
  | { kind: 'acknowledge'; leases: string[] }
  | { kind: 'reject'; leases: string[]; delay: number; reason: string }
  | { kind: 'release'; leases: string[] }
  | { kind: 'redrive'; seqs: number[] | undefined; limit: number }
  | { kind: 'dead'; after: number; limit: number }
  /** What a spool asks: the next events, their removal, their burial. */
  | ({ kind: 'take' } & TakeRequest)
  | { kind: 'settle'; settled: ArrayBuffer }
  | { kind: 'bury'; seq: number; attempts: number; reason: string }
  /** Which of these ids are remembered. */
  | { kind: 'seen'; keys: ArrayBuffer }
  /** The latest timestamp of what is remembered on disk. */
  | { kind: 'newest' }
  | { kind: 'stats' }

/** Bodies cross as plain bytes: a Buffer loses its class between threads. */
export type Wire<T> = Omit<T, 'event'> & { event: Uint8Array }

/**
 * What each request is answered with; `enqueue` with the indices of the duplicates in the batch, `seen` of what is remembered;
 * `redrive` also with whether some may be left: the same request moves the next.
 */
export type Results = {
  enqueue: number[]
  receive: PackedLeases
  acknowledge: SettleResult
  reject: SettleResult
  release: SettleResult
  redrive: { moved: number; isMore: boolean }
  dead: Wire<DeadLetter>[]
  take: PackedEvents
  settle: undefined
  bury: undefined
  seen: number[]
  newest: number
  stats: QueueStats
}

/** A message from the main thread to the worker. `id` names the call that the answer belongs to. */
export type Command =
  | (Request & { id: number })
  | { kind: 'cancel'; id: number }
  /** Remember these ids, with the next transaction; nobody waits for it. */
  | { kind: 'remember'; keys: ArrayBuffer }
  | { kind: 'close' }

/** A command that changes what is stored or leased. */
export type Write = Extract<Command, { kind: (typeof WRITES)[number] }>
const WRITES = ['enqueue', 'acknowledge', 'reject', 'release', 'redrive', 'settle', 'bury'] as const

/** Whether a command brings events, which are refused first when room is short. */
export function isEvents({ kind }: Command): boolean {
  return kind === 'enqueue'
}

/** Whether a command belongs in a transaction. */
export function isWrite(command: Command): command is Write {
  return WRITES.some(kind => kind === command.kind)
}

/** How many events a command brings. */
export function eventsIn(command: Command): number {
  return command.kind === 'enqueue' ? command.events : 0
}

/** The ids that a command has remembered: known before any event of the same turn is stored, which may be one that comes again. */
export function keysIn(command: Command): Uint8Array[] {
  return command.kind === 'remember' ? unpackKeys(command.keys) : []
}

/** How much there is to do for a command, roughly in events: what is consumed is work too. */
export function workIn(command: Command): number {
  if (command.kind === 'acknowledge') return command.leases.length
  if (command.kind === 'settle') return settledIn(command.settled)
  return Math.max(1, eventsIn(command))
}

/** Why something failed, as data: errors lose their class between threads. */
export type Failure = { kind: 'full' | 'unavailable' | 'locked' | 'corrupt'; reason: string }

/** The outcome of one call. */
export type Answer<Value = Results[Request['kind']]> =
  { id: number; value: Value } | { id: number; failure: Failure }

/** A message from the worker to the main thread. */
export type Reply<Value = Results[Request['kind']]> =
  | { kind: 'opened' }
  | { kind: 'answers'; answers: Answer<Value>[] }
  /** Events are refused for this reason, or (undefined) taken again. */
  | { kind: 'refusing'; failure: Failure | undefined }
  /** The store cannot go on; the worker ends. */
  | { kind: 'failed'; failure: Failure }

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/** Describes any error of the store: one that {@link openError} made, or SQLite's own by its result code. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { kind: 'unavailable', reason: 'unknown error' }
  if (isFailure(error.cause)) return error.cause
  const reason = error.message
  switch (resultCode(error)) {
    case SQLITE_FULL:
      return { kind: 'full', reason }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return { kind: 'corrupt', reason }
    default:
      return { kind: 'unavailable', reason }
  }
}

function isFailure(cause: unknown): cause is Failure {
  return typeof cause === 'object' && cause !== null && 'kind' in cause && 'reason' in cause
}

/** Whether SQLite failed because another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && resultCode(error) === SQLITE_BUSY
}

/** SQLite's primary result code, the low byte of the extended one; 0 when the error is not SQLite's. */
function resultCode(error: Error): number {
  return 'errcode' in error ? Number(error.errcode) & 0xff : 0
}

/** What may be transferred of these answers instead of being copied. */
export function buffersIn(answers: readonly Answer[]): ArrayBuffer[] {
  return answers.flatMap(answer =>
    'value' in answer && typeof answer.value === 'object' && 'bodies' in answer.value
      ? [answer.value.bodies]
      : [],
  )
}

/** The error of errors.ts for a queue that cannot be opened. Its `cause` is the failure. */
export function openError(failure: Failure, file: string): Error {
  if (failure.kind === 'locked') return new QueueLockedError(file, { cause: failure })
  if (failure.kind === 'corrupt') return new QueueCorruptError(file, failure.reason, { cause: failure })
  const advice = failure.kind === 'full' ? '. Make room on its disk' : ''
  return queueError(failure, `${file} cannot be opened: ${failure.reason}${advice}`)
}

/** The error of errors.ts for a call that failed. Its `cause` is the failure. */
export function callError(failure: Failure): Error {
  return queueError(failure, failure.reason)
}

function queueError(failure: Failure, message: string): Error {
  const QueueError = failure.kind === 'full' ? QueueFullError : QueueUnavailableError
  return new QueueError(message, { cause: failure })
}
