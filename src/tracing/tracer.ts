import type { StoredEvent, TraceContext } from '../queue/types.ts'
import type { Exchange, Timeline } from '../webhook/exchange.ts'
import {
  formatTraceContext,
  makeTraceContext,
  parseTraceContext,
  type TraceHeaders,
} from './trace-context.ts'

/** Follows events from the webhook to the queue. Nothing that it is told makes it throw. */
export type Tracer = {
  /** The trace of a request whose signature verified, as its message takes it along; times as in {@link Timeline}. */
  begin: (headers: TraceHeaders, timeline: Timeline) => TraceContext
  /** Is told of each request once, when its answer is known. */
  observe: (exchange: Exchange) => void
  /**
   * Is told of each event that came from this machine to the queue; its last try began at `started`, by the clock of
   * `performance`. Absent when nothing is recorded, so that draining costs nothing then.
   */
  drained?: (event: StoredEvent, started: number) => void
  /** Sends what is left, for at most `timeout` ms; never rejects. */
  close: (timeout: number) => Promise<void>
}

/** Where messages go: the driver's name, and that of the stream, queue or topic. */
export type Destination = { system: string; name: string }

/** Records nothing: what a caller says of its trace goes on with the message, and who says nothing begins one. */
export const passOn: Tracer = {
  begin: headers => formatTraceContext(parseTraceContext(headers) ?? makeTraceContext()),
  observe: () => {},
  close: async () => {},
}
