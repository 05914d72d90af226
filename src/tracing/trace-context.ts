import { randomFillSync } from 'node:crypto'
import type { TraceContext } from '../queue/types.ts'

/** A place in a trace, as the headers of W3C Trace Context tell it: ids in lowercase hex, none of them zero. */
export type SpanPlace = { traceId: string; spanId: string; flags: number; tracestate?: string }

/** What `traceparent` and `tracestate` may be among: headers as Node has them (several are joined with commas), attributes. */
export type TraceHeaders = Readonly<Record<string, unknown>>

export const SAMPLED = 1

// https://www.w3.org/TR/trace-context/#traceparent-header: what follows in a version to come begins with a dash.
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/
/** The flags that are defined: sampled, and that the trace id is random (W3C Trace Context, level 2). */
const KNOWN_FLAGS = 3

// https://www.w3.org/TR/trace-context/#tracestate-header
const MEMBER =
  /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/
const MOST_MEMBERS = 32
const LONGEST_STATE = 512

/**
 * Where the caller is in its trace; undefined when its `traceparent` is absent, or is not as the specification says. A
 * `tracestate` that is not, or has more than 512 characters, is left out. Nobody signs these headers.
 */
export function parseTraceContext({ traceparent, tracestate }: TraceHeaders): SpanPlace | undefined {
  const parsed = TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '')
  if (parsed === null) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = parsed
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined
  const state = parseTracestate(tracestate)
  return {
    traceId,
    spanId,
    // What a version to come means by the others is not known.
    flags: Number.parseInt(flags, 16) & KNOWN_FLAGS,
    ...(state !== undefined && { tracestate: state }),
  }
}

/** As the headers and the attributes of a message have it. */
export function formatTraceContext({ traceId, spanId, flags, tracestate }: SpanPlace): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}

// To ask the system for a few bytes each time would take several times as long.
const ID_BYTES = 24
const pool = Buffer.alloc(ID_BYTES * 256)
let used = pool.length

/** A trace that begins here, and that nobody records. */
export function makeTraceContext(): SpanPlace {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const ids = pool.subarray(used, (used += ID_BYTES))
  // Neither of them is ever zero; the last seven bytes of a trace id are the ones that must be random.
  ids.writeUInt8(ids.readUInt8(0) | 1, 0)
  ids.writeUInt8(ids.readUInt8(16) | 1, 16)
  return { traceId: ids.toString('hex', 0, 16), spanId: ids.toString('hex', 16), flags: 0 }
}

function parseTracestate(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_STATE) return undefined
  const members = value
    .split(',')
    .map(member => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter(member => member !== '')
  const keys = new Set(members.map(member => member.slice(0, member.indexOf('='))))
  const isValid =
    members.length > 0 &&
    members.length <= MOST_MEMBERS &&
    keys.size === members.length &&
    members.every(member => MEMBER.test(member))
  return isValid ? members.join(',') : undefined
}
