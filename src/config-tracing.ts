import { checked, collector, flag, headers, pairs, text } from './config-values.ts'

const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const

/** OpenTelemetry's own variables, those of them that the service knows: they mean what they mean everywhere. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.optional().meta({
    description:
      'Base of the OpenTelemetry collector that traces are exported to (OTLP over HTTP, at `/v1/traces`). Nothing is recorded when empty',
    example: 'http://otel-collector:4318',
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: flag(['http/protobuf']).prefault('http/protobuf').meta({
    description: 'How traces are exported; there is no other way',
    example: 'http/protobuf',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional().meta({
    description: 'Headers of each export, such as an API key: `name=value`, comma separated, percent-encoded',
    example: 'api-key=the-key',
    secret: true,
  }),
  OTEL_SERVICE_NAME: text.optional().meta({
    description: 'What this service is called in traces; left empty, `jelou-receiver`',
    example: 'support-receiver',
  }),
  OTEL_RESOURCE_ATTRIBUTES: pairs.optional().meta({
    description:
      'What else traces say of this process: `name=value`, comma separated, values percent-encoded',
    example: 'deployment.environment.name=production',
  }),
  OTEL_TRACES_SAMPLER: flag([...SAMPLERS, ...SAMPLERS.map(name => `parentbased_${name}` as const)])
    .prefault('parentbased_always_on')
    .meta({
      description:
        'Which traces are recorded: `always_on`, `always_off`, `traceidratio`, or one of them behind `parentbased_`, where a caller with a trace decides',
      example: 'parentbased_traceidratio',
    }),
  OTEL_TRACES_SAMPLER_ARG: text
    .transform(checked(asRatio, 'must be a number from 0 to 1'))
    .prefault('1')
    .meta({ description: 'The share of traces that `traceidratio` records, 0 to 1', example: '0.1' }),
  OTEL_SDK_DISABLED: flag(['true', 'false'])
    .transform(value => value === 'true')
    .prefault('false')
    .meta({ description: '`true` records nothing, whatever the others say', example: 'true' }),
}

function asRatio(value: string): number {
  const ratio = Number(value)
  if (!(ratio >= 0 && ratio <= 1)) throw new RangeError(value)
  return ratio
}
