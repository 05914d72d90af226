import { randomUUID } from 'node:crypto'
import type { Attributes } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace'
import type { DriverLog } from '../queue/types.ts'
import { watched } from './otel-exporter.ts'
import { createSpans, type Route } from './otel-spans.ts'
import type { Destination, Tracer } from './tracer.ts'

export type RootSampler = 'always_on' | 'always_off' | 'traceidratio'
/** A name of OTEL_TRACES_SAMPLER: who begins a trace decides for itself, or, without the prefix, everybody does. */
export type SamplerName = RootSampler | `parentbased_${RootSampler}`

export type OtelOptions = {
  /** Base of the collector's OTLP over HTTP. */
  endpoint: string
  /** Sent with every export; secret. */
  headers: Record<string, string>
  sampler: SamplerName
  /** 0 to 1, for `traceidratio`. */
  ratio: number
  /** What is said of this process; wins over what is known here. */
  resource: Attributes
  route: Route
  destination: () => Destination
  log: Pick<DriverLog, 'warn'>
  now: () => number
}

/** Spans in memory until they are exported; when there are more, as while the collector is away, they are dropped. */
const QUEUED_SPANS = 8_192

/**
 * Records spans with OpenTelemetry's SDK and exports them (OTLP over HTTP, protobuf). Nothing of it is global: what else in
 * this process uses OpenTelemetry's API is not recorded.
 */
export function createOtelTracer(options: OtelOptions): Tracer {
  const { endpoint, headers, log, now } = options
  const exporter = watched(new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, headers }), log, now)
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize: QUEUED_SPANS })
  const provider = new TracerProvider({
    spanProcessors: [processor],
    sampler: samplerOf(options),
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': 'jelou-receiver',
        'service.instance.id': randomUUID(),
        ...options.resource,
      }),
    ),
  })
  return {
    ...createSpans(provider.getTracer('jelou-receiver'), options),
    async close(timeout) {
      const over = Promise.withResolvers<void>()
      const timer = setTimeout(over.resolve, timeout)
      // The first batch that fails ends the shutdown, whatever becomes of the others.
      const sent = provider.shutdown().catch(exporter.landed)
      await Promise.race([sent, over.promise])
      clearTimeout(timer)
      exporter.tellLast()
    },
  }
}

function samplerOf({ sampler, ratio }: Pick<OtelOptions, 'sampler' | 'ratio'>): Sampler {
  const root = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  }[sampler.replace('parentbased_', '') as RootSampler]()
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}
