import { headers, type MsgHdrs } from '@nats-io/transport-node'
import { CONTENT_TYPE, traceHeadersOf } from '../attributes.ts'
import type { QueueMessage } from '../types.ts'

/** Longer attributes are in the body alone. */
const LONGEST_HEADER = 1024
/** What needs encoding, which hardly anything does. */
const ODD = /[^!#$&-~]+/gu

/**
 * The headers of an event: its id for the server to know it again, and the CloudEvents attributes as `ce-…`, percent-encoded as
 * the binding for NATS says (CloudEvents 1.0: as in that for HTTP, 3.1.3.2), and its trace as W3C Trace Context says.
 */
export function natsHeaders({ id, attributes }: QueueMessage): MsgHdrs {
  const result = headers()
  // Each name stands here once; `set` would look for all of them among those before.
  result.append('Nats-Msg-Id', id)
  result.append('content-type', CONTENT_TYPE)
  for (const [name, value] of traceHeadersOf(attributes)) result.append(name, value)
  for (const [name, value] of Object.entries(attributes))
    if (value.length <= LONGEST_HEADER) result.append(`ce-${name}`, encoded(value))
  return result
}

function encoded(value: string): string {
  return value.search(ODD) === -1 ? value : value.toWellFormed().replaceAll(ODD, encodeURIComponent)
}
