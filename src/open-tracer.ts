import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { passOn, type Destination, type Tracer } from './tracing/tracer.ts'

/** The tracer that is configured. OpenTelemetry's SDK is loaded only where something is to be recorded. */
export async function openTracer(
  config: Config,
  { log, destination, now }: { log: FastifyBaseLogger; destination: () => Destination; now: () => number },
): Promise<Tracer> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined || config.OTEL_SDK_DISABLED) return passOn
  const { createOtelTracer } = await import('./tracing/otel.ts')
  const name = config.OTEL_SERVICE_NAME
  return createOtelTracer({
    endpoint,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    sampler: config.OTEL_TRACES_SAMPLER,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    resource: { ...config.OTEL_RESOURCE_ATTRIBUTES, ...(name !== undefined && { 'service.name': name }) },
    route: { path: config.WEBHOOK_PATH, scheme: new URL(config.PUBLIC_URL).protocol.slice(0, -1) },
    destination,
    log,
    now,
  })
}
