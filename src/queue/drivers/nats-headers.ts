import type { MsgHdrsImpl } from '@nats-io/transport-node'
import { CONTENT_TYPE, traceHeadersOf } from '../attributes.ts'
import type { QueueMessage } from '../types.ts'

/** Longer attributes are in the body alone. */
const LONGEST_HEADER = 1024
/** What needs encoding, which hardly anything does. */
const ODD = /[^!#$&-~]/
const ALL_ODD = /[^!#$&-~]+/gu

/**
 * The headers of an event: its id for the server to know it again, and the CloudEvents attributes as `ce-…`, percent-encoded as
 * the binding for NATS says (CloudEvents 1.0: as in that for HTTP, 3.1.3.2), and its trace as W3C Trace Context says. Written as they
 * are sent: the client's own headers look for each among those before, twice, and check what cannot be in them.
 */
export function natsHeaders({ id, attributes }: QueueMessage): Pick<MsgHdrsImpl, 'encode'> {
  let text = `NATS/1.0\r\nNats-Msg-Id: ${id}\r\ncontent-type: ${CONTENT_TYPE}\r\n`
  for (const [name, value] of traceHeadersOf(attributes)) text += `${name}: ${value}\r\n`
  for (const [name, value] of Object.entries(attributes))
    if (value.length <= LONGEST_HEADER) text += `ce-${name}: ${encoded(value)}\r\n`
  text += '\r\n'
  return { encode: () => Buffer.from(text) }
}

function encoded(value: string): string {
  return ODD.test(value) ? value.toWellFormed().replaceAll(ALL_ODD, encodeURIComponent) : value
}
