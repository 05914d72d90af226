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
  /** What stands in the body before its `data`, for brokers whose messages have headers. */
  attributes: Attributes
  /** The CloudEvents 1.0 structured JSON, UTF-8; its `data` is the verified text itself. */
  body: Buffer
}

/** Where a message belongs in a distributed trace (W3C Trace Context, and CloudEvents' extension of the same names). */
export type TraceContext = { traceparent: string; tracestate?: string }

/** The context attributes of a message, under their names in CloudEvents 1.0. All are texts. */
export type Attributes = Record<
  | 'specversion'
  | 'id'
  | 'source'
  | 'type'
  | 'subject'
  | 'time'
  | 'datacontenttype'
  | 'partitionkey'
  | 'receivedat',
  string
> &
  Partial<TraceContext>

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

/** Messages that failed too often, kept until somebody looks at them. */
export interface DeadLetters {
  /** Dead letters in the order of their `seq`, beginning behind `after`; fewer than `limit` when they are large. */
  dead(page: { after: number; limit: number }): Promise<DeadLetter[]>
  /** Puts dead letters (all, or these) back at the end of the queue with fresh attempts; resolves with their number. */
  redrive(seqs?: number[]): Promise<number>
}

/** The consuming side, which only the embedded queue has: brokers bring their own. */
export interface QueueConsumer extends DeadLetters {
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
}

/** A queue that events are published to. One file per driver implements it. */
export interface QueueDriver {
  /** For logs and metrics, e.g. `sqlite`. */
  readonly name: string
  /** Whether an event that is published again is stored once, whichever replica publishes it. */
  readonly deduplicates: boolean
  /**
   * Opens the queue: one try, after which the driver reconnects by itself. Idempotent while it is open; may be called
   * again after it failed. Throws QueueUnavailableError, or QueueRefusedError when somebody has to put something right.
   */
  connect(): Promise<void>
  /**
   * Resolves once the message is confirmed stored, never before; pipelined. Messages of one key are stored in the order
   * in which they were published, as long as each is confirmed. Throws QueueUnavailableError, QueueFullError,
   * QueueOverloadedError or QueueRefusedError: the message may be stored all the same, and may be published again.
   * Throws MessageRefusedError when the queue will never take this message.
   */
  publish(message: QueueMessage): Promise<PublishOutcome>
  /** Cheap and synchronous: read on every readiness probe. */
  health(): QueueHealth
  /** Finishes what is in flight, ends waiting consumers, frees everything; idempotent. */
  close(): Promise<void>
}

/** A queue on this machine, which can be counted and consumed from here. */
export interface EmbeddedQueue extends QueueDriver {
  stats(): Promise<QueueStats>
  readonly consumer: QueueConsumer
}

/** Which event of a store; `seq` grows with each that is stored, and no other ever has the same. */
export type Located = { seq: number; key: string }

/** An event as a store has it. */
export type StoredEvent = Located & { event: Buffer }

/** Where to read on, and how much: at least one event, if there is any. */
export type TakeRequest = { after: number; rows: number; bytes: number }

/**
 * What a spool keeps its events in, and reads again in the order in which they were stored: it is the only reader. It remembers the ids of what it stored, and of what others stored, when it is told
 * of them.
 */
export interface SpoolStore extends QueueDriver {
  stats(): Promise<QueueStats>
  readonly consumer: DeadLetters
  /** The next events behind `after`, in order. They stay. Throws QueueUnavailableError. */
  take(request: TakeRequest): Promise<StoredEvent[]>
  /**
   * Counts these as delivered, if they are there. They stay so, but after a crash, which may bring back the last of those that
   * have others before them. Throws QueueUnavailableError, QueueFullError.
   */
  settle(events: readonly Located[]): Promise<void>
  /** Makes an event a dead letter, if it is there. Throws as {@link settle} does. */
  bury(seq: number, attempts: number, reason: string): Promise<void>
  /** Whether it remembers ids at all. */
  readonly remembers: boolean
  /** Whether events of this key may be stored: never false when there are any, dead letters apart. Synchronous. */
  holds(partitionKey: string): boolean
  /** The latest timestamp of what it remembered when it was opened, as events have it themselves; 0 when that was nothing. Throws QueueUnavailableError. */
  newest(): Promise<number>
  /** The indices of those that are remembered. Throws QueueUnavailableError. */
  seen(messages: readonly QueueMessage[]): Promise<ReadonlySet<number>>
  /** Remembers these from now on. Without an answer: a crash, a failure or a full disk may forget the last ones. */
  remember(messages: readonly QueueMessage[]): void
}

/** Files of PEM text, or the text itself: whom to trust, and how to identify ourselves. */
export type TlsFiles = { ca?: Buffer; cert?: Buffer; key?: Buffer }

/** What a broker's driver is made with. Times in ms. */
export type BrokerOptions = {
  /** QUEUE_URL, credentials included; settings of the driver in its query. */
  url: URL
  /** Name of the stream, queue or topic, or prefix of its subjects. */
  queueName: string
  /** Create what is missing; else only use it, and say what is missing. */
  ensure: boolean
  /** The most that one publish, or one try to connect, may take until it is settled. */
  timeout: number
  /** How long an engine that deduplicates remembers an id. */
  dedupeWindow: number
  tls: TlsFiles
  log: DriverLog
}

/** The part of pino that drivers use. */
export type DriverLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>
