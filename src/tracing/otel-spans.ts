import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer as OtelTracer,
} from '@opentelemetry/api'
import { attributesOf } from '../queue/attributes.ts'
import type { TraceContext } from '../queue/types.ts'
import type { Exchange, Timeline } from '../webhook/exchange.ts'
import { formatTraceContext, parseTraceContext, SAMPLED, type SpanPlace } from './trace-context.ts'
import type { Destination, Tracer } from './tracer.ts'

/** The webhook as it is registered. */
export type Route = { path: string; scheme: string }

/** The spans of a request that goes on: the one of publishing is what its message belongs to. */
type Open = { request: Span; publish: Span; clock: number }

/** The stages before publishing, each with the one that it begins after. */
const CHECKS = [
  ['credential', 'received'],
  ['body', 'credential'],
  ['signature', 'body'],
] as const satisfies [keyof Timeline, keyof Timeline][]

/** Drivers whose engine has another name in OpenTelemetry's conventions. */
const SYSTEMS = new Map([
  ['amqp', 'rabbitmq'],
  ['sqs', 'aws_sqs'],
])

/**
 * One span for each request, and in it one for each check and one for publishing; and one for each event that is
 * drained. Names and attributes are OpenTelemetry's conventions for HTTP and messaging. Of an event they have its id
 * and nothing else, of a request nothing that it brought.
 */
export function createSpans(
  tracer: OtelTracer,
  { route, destination }: { route: Route; destination: () => Destination },
): Required<Pick<Tracer, 'begin' | 'observe' | 'drained'>> {
  const open = new WeakMap<TraceContext, Open>()
  const name = `POST ${route.path}`
  const requestAttributes = {
    'http.request.method': 'POST',
    'http.route': route.path,
    'url.path': route.path,
    'url.scheme': route.scheme,
  }

  function begin(timeline: Timeline, clock: number, parent: SpanPlace | undefined): Span {
    const startTime = clock + timeline.received
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime }, contextOf(parent))
    // Afterwards, because a span that is not recorded takes none: most, where only some traces are.
    return span.setAttributes(requestAttributes)
  }

  function producer(operation: string, startTime: number, context: Context, id?: string): Span {
    const { system, name: queue } = destination()
    const attributes: Attributes = {
      'messaging.system': SYSTEMS.get(system) ?? system,
      'messaging.destination.name': queue,
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
      ...(id !== undefined && { 'messaging.message.id': id }),
    }
    return tracer.startSpan(
      `${operation} ${queue}`,
      { kind: SpanKind.PRODUCER, startTime, attributes },
      context,
    )
  }

  /** The spans of the checks, of which the last may be the one that refused the request. */
  function checks({ timeline, outcome, id, answered }: Exchange, request: Span, clock: number): void {
    const context = trace.setSpan(ROOT_CONTEXT, request)
    const span = (name: string, from: number, to: number | undefined): void => {
      const check = tracer.startSpan(name, { startTime: clock + from }, context)
      if (to === undefined) failed(check, outcome)
      check.end(clock + (to ?? answered))
    }
    for (const [name, after] of CHECKS) {
      const from = timeline[after]
      if (from !== undefined) span(name, from, timeline[name])
    }
    if (timeline.signature !== undefined && id === undefined) span('event', timeline.signature, undefined)
  }

  return {
    begin(headers, timeline) {
      const clock = clockNow()
      const request = begin(timeline, clock, parseTraceContext(headers))
      const startTime = clock + (timeline.signature ?? timeline.received)
      const publish = request.isRecording()
        ? producer('publish', startTime, trace.setSpan(ROOT_CONTEXT, request))
        : request
      const context = formatTraceContext(placeOf(publish))
      open.set(context, { request, publish, clock })
      return context
    },
    observe(exchange) {
      const { timeline, answered, outcome, statusCode, id } = exchange
      const spans = exchange.trace && open.get(exchange.trace)
      const clock = spans?.clock ?? clockNow()
      const request = spans?.request ?? begin(timeline, clock, undefined)
      if (!request.isRecording()) return
      const isRefused = statusCode >= 400
      if (isRefused) failed(request, outcome)
      else request.setAttribute('jelou.outcome', outcome)
      checks(exchange, request, clock)
      if (spans && id !== undefined) {
        spans.publish.setAttribute('messaging.message.id', id)
        if (isRefused) failed(spans.publish, outcome)
        spans.publish.end(clock + (timeline.publish ?? answered))
      }
      request.setAttribute('http.response.status_code', statusCode)
      request.end(clock + answered)
    },
    drained({ event }, started) {
      const { id, ...attributes } = attributesOf(event)
      const parent = parseTraceContext(attributes)
      if (parent === undefined || (parent.flags & SAMPLED) === 0) return
      producer('drain', clockNow() + started, contextOf(parent), id).end()
    },
  }
}

/** What a time of `performance` needs to be one since the epoch, in ms. Asked anew, because the two clocks drift apart. */
function clockNow(): number {
  return Date.now() - performance.now()
}

/** What refused a request, by its code. */
function failed(span: Span, code: string): void {
  span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR, message: code })
}

function contextOf(parent: SpanPlace | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT
  const { traceId, spanId, flags, tracestate } = parent
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: flags,
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  })
}

function placeOf(span: Span): SpanPlace {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const tracestate = traceState?.serialize()
  return { traceId, spanId, flags: traceFlags, ...(tracestate && { tracestate }) }
}
