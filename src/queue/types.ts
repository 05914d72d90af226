/**
 * One verified event on its way to the queue.
 */
export type QueueMessage = {
  /** SHA-256 of the verified body, 64 lowercase hex digits: the same for the same event on every replica. */
  id: string
  /** CloudEvents type, `ai.jelou.…`. */
  type: string
  /** Events with one key keep their order. */
  partitionKey: string
  /** The event's own signed `timestamp` in ms since the epoch; 0 when the body has none that can be used. */
  timestamp: number
  /** The CloudEvents 1.0 structured JSON, UTF-8; its `data` is the verified text itself. */
  body: Buffer
}

/** `accepted`: stored durably now. `duplicate`: an event with this id had been stored durably before. */
export type PublishOutcome = 'accepted' | 'duplicate'

/** Whether the queue can take an event now; `reason` is fit for an operator and holds no secret. */
export type QueueHealth = { ok: true } | { ok: false; reason: string }

/** A message handed to a consumer for as long as its lease lasts. */
export type LeasedMessage = {
  /** Opaque token to acknowledge or return the message with. */
  lease: string
  /** Deliveries so far, this one included; starts at 1. */
  attempts: number
  /** The CloudEvents JSON as published, UTF-8. */
  event: Buffer
}

/** What became of the leases that were named: how many were settled, and which had run out or never existed. */
export type SettleResult = { settled: number; expired: string[] }

/** A message that failed too often. `seq` identifies it; times are ms since the epoch. */
export type DeadLetter = { seq: number; attempts: number; reason: string; diedAt: number; event: Buffer }

/** Counts of messages; `oldestAge` in ms since the oldest waiting message was stored, 0 when none waits; `bytes` on disk. */
export type QueueStats = {
  waiting: number
  leased: number
  delayed: number
  dead: number
  oldestAge: number
  bytes: number
}

/** What a consumer asks for: at most `max` messages, waiting up to `wait` ms for the first, leased for `lease` ms. */
export type ReceiveRequest = { max: number; wait: number; lease: number; signal?: AbortSignal }

/** The consuming side, which only the embedded queue has: brokers bring their own. */
export interface QueueConsumer {
  /**
   * Leases messages, one per partition key at a time, in order; fewer than `max` when they are large. Resolves with []
   * when the wait or the signal ends it.
   */
  receive(request: ReceiveRequest): Promise<LeasedMessage[]>
  /** Removes the messages of these leases for good; resolves once that is synced to disk. */
  acknowledge(leases: string[]): Promise<SettleResult>
  /** Returns the messages: they come back after `delay` ms, or become dead letters after the last attempt. */
  reject(leases: string[], options: { delay: number; reason?: string }): Promise<SettleResult>
  /** Gives the messages back at once and uncounted, as when the consumer went away before it saw them. */
  release(leases: string[]): Promise<SettleResult>
  /** Dead letters in the order of their `seq`, beginning behind `after`; fewer than `limit` when they are large. */
  dead(page: { after: number; limit: number }): Promise<DeadLetter[]>
  /** Puts dead letters (all, or these) back at the end of the queue with fresh attempts; resolves with their number. */
  redrive(seqs?: number[]): Promise<number>
}

/** A queue that events are published to. One file per driver implements it. */
export interface QueueDriver {
  /** For logs and metrics, e.g. `sqlite`. */
  readonly name: string
  /** Opens the queue; idempotent. Throws a queue error of errors.ts when it cannot be used. */
  connect(): Promise<void>
  /**
   * Resolves once the message is confirmed stored, never before.
   * Throws QueueUnavailableError, QueueFullError or QueueOverloadedError: the message may then be published again.
   */
  publish(message: QueueMessage): Promise<PublishOutcome>
  /** Cheap and synchronous: read on every readiness probe. */
  health(): QueueHealth
  stats(): Promise<QueueStats>
  /** Finishes what is in flight, ends waiting consumers, frees everything; idempotent. */
  close(): Promise<void>
  readonly consumer?: QueueConsumer
}
