import type { Attributes, QueueMessage, TraceContext } from './types.ts'

/** The attributes that every message has (CloudEvents 1.0, and `partitionkey` and `receivedat` as extensions). */
export const ATTRIBUTES = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'partitionkey',
  'receivedat',
] as const satisfies (keyof Attributes)[]

/** The attributes of the trace, which not every message has. */
export const TRACE_ATTRIBUTES = ['traceparent', 'tracestate'] as const satisfies (keyof TraceContext)[]

/** What a structured CloudEvent is sent as (CloudEvents 1.0, JSON format). */
export const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8'

// No text in JSON can hold these bytes: a quotation mark inside it has a backslash before it.
const DATA = Buffer.from(',"data":')

/** The attributes in an envelope. `data`, its last member, is not read. Throws SyntaxError when there are none. */
export function attributesOf(body: Buffer): Attributes {
  return JSON.parse(`${body.toString('utf8', 0, body.indexOf(DATA))}}`) as Attributes
}

/**
 * The attributes of the trace as headers by their own names: those of W3C Trace Context, which tracing in consumers looks for,
 * whatever a binding of CloudEvents calls them.
 */
export function traceHeadersOf({
  traceparent,
  tracestate,
}: Partial<TraceContext>): [name: keyof TraceContext, value: string][] {
  const headers: [keyof TraceContext, string][] = []
  if (traceparent !== undefined) headers.push(['traceparent', traceparent])
  if (tracestate !== undefined) headers.push(['tracestate', tracestate])
  return headers
}

/** The message that an envelope was, as when it comes back from a store. The event's own timestamp is not in it. */
export function messageOf(body: Buffer): QueueMessage {
  const attributes = attributesOf(body)
  const { id, type, partitionkey: partitionKey, time } = attributes
  return { id, type, partitionKey, timestamp: Date.parse(time), attributes, body }
}
