import type { Envelope } from 'rabbitmq-client'
import { ATTRIBUTES, CONTENT_TYPE, TRACE_ATTRIBUTES, traceHeadersOf } from '../attributes.ts'
import type { QueueMessage } from '../types.ts'

/** The most bytes of a routing key (AMQP 0-9-1, short string). */
const LONGEST_KEY = 255
/** Longer attributes are in the body alone: all headers must fit into one frame, of which 8 KiB are certain. */
const LONGEST_HEADER = 1024

const PREFIX = 'cloudEvents:'
/** Those of the attributes that there are: joining them for each message would cost more than all else here. */
const HEADERS: Readonly<Record<string, string>> = Object.fromEntries(
  [...ATTRIBUTES, ...TRACE_ATTRIBUTES].map(name => [name, PREFIX + name]),
)

const keyBytes = new Uint8Array(LONGEST_KEY)
const encoder = new TextEncoder()

/**
 * How a message is published: durable, to be returned when no queue takes it, with the CloudEvents attributes as headers
 * (CloudEvents 1.0, AMQP binding: the prefix `cloudEvents:`), and its trace once more by the names of W3C Trace Context.
 */
export function amqpEnvelope(exchange: string, message: QueueMessage): Envelope {
  const attributes = message.attributes
  const headers: Record<string, string> = Object.fromEntries(traceHeadersOf(attributes))
  for (const [name, value] of Object.entries(attributes))
    if (fits(value, LONGEST_HEADER)) headers[HEADERS[name] ?? PREFIX + name] = value
  return {
    exchange,
    routingKey: routingKeyOf(message.type),
    mandatory: true,
    durable: true,
    messageId: message.id,
    contentType: CONTENT_TYPE,
    headers,
    // In seconds. The client takes the time of publishing when there is none.
    ...(message.timestamp > 0 && { timestamp: Math.floor(message.timestamp / 1000) }),
  }
}

function routingKeyOf(type: string): string {
  if (fits(type, LONGEST_KEY)) return type
  return type.slice(0, encoder.encodeInto(type, keyBytes).read)
}

/** No character has more than three bytes for each of its UTF-16 units, so that most need not be counted. */
function fits(value: string, bytes: number): boolean {
  return value.length * 3 <= bytes || Buffer.byteLength(value) <= bytes
}
