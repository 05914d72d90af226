import { hash } from 'node:crypto'
import type { JelouEvent } from '../jelou/event.ts'
import type { VerifiedBody } from '../jelou/signature.ts'
import type { QueueMessage, TraceContext } from '../queue/types.ts'

const END = Buffer.from('}')

/**
 * Puts a verified event into its CloudEvents 1.0 envelope (structured JSON). `data` is the verified text itself,
 * byte for byte: key order, big numbers and escapes survive. An event without a usable time or key of its own gets
 * the time of its arrival (CloudEvents 1.0, `time`) and the project as its key. `receivedAt` is in ms since the epoch.
 * The trace is CloudEvents' Distributed Tracing extension; the id does not depend on it.
 */
export function envelope(
  event: JelouEvent,
  body: VerifiedBody,
  projectId: string,
  receivedAt: number,
  trace: TraceContext,
): QueueMessage {
  const id = hash('sha256', body)
  const type = `ai.jelou.${event.name}`
  const partitionKey = event.partitionKey ?? projectId
  const attributes = {
    specversion: '1.0',
    id,
    source: `urn:jelou:project:${encodeURIComponent(projectId)}`,
    type,
    subject: partitionKey,
    time: eventTime(event.timestamp ?? receivedAt),
    datacontenttype: 'application/json',
    partitionkey: partitionKey,
    receivedat: arrivalTime(receivedAt),
    ...trace,
  }
  const head = `${JSON.stringify(attributes).slice(0, -1)},"data":`
  return {
    id,
    type,
    partitionKey,
    timestamp: event.timestamp ?? 0,
    attributes,
    body: Buffer.concat([Buffer.from(head), body, END]),
  }
}

// Many events are of one millisecond, and writing a date costs as much as hashing the body.
const eventTime = isoTimes()
const arrivalTime = isoTimes()

/** Writes times as ISO 8601, one that comes again at once without the work. */
function isoTimes(): (milliseconds: number) => string {
  let last = Number.NaN
  let text = ''
  return milliseconds => {
    if (milliseconds !== last) {
      text = new Date(milliseconds).toISOString()
      last = milliseconds
    }
    return text
  }
}
