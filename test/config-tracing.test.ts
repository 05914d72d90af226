import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../src/config.ts'

const NO_FILE = join(import.meta.dirname, 'no-such-file')
const GOOD = { JELOU_PROJECT_ID: 'p', JELOU_API_KEY: 'k', PUBLIC_URL: 'https://support.example.com' }
const load = (more: NodeJS.ProcessEnv) => loadConfig({ ...GOOD, ...more }, NO_FILE)

t.test('nothing is recorded by default', async t => {
  const config = await load({})
  t.match(config, {
    OTEL_TRACES_SAMPLER: 'parentbased_always_on',
    OTEL_TRACES_SAMPLER_ARG: 1,
    OTEL_SDK_DISABLED: false,
  })
  t.equal(config.OTEL_EXPORTER_OTLP_ENDPOINT, undefined)
})

t.test('values are parsed as OpenTelemetry writes them', async t => {
  const cases: [name: string, value: string, expected: unknown][] = [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://otel-collector:4318', 'http://otel-collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://example.com/otlp/', 'https://example.com/otlp'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key=a%3D%2C b , x =y=z,', { 'api-key': 'a=, b', x: 'y=z' }],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a.b=1,c=%C3%A9,d=', { 'a.b': '1', c: 'é', d: '' }],
    ['OTEL_TRACES_SAMPLER', 'traceidratio', 'traceidratio'],
    ['OTEL_TRACES_SAMPLER', 'parentbased_always_off', 'parentbased_always_off'],
    ['OTEL_TRACES_SAMPLER_ARG', '0.25', 0.25],
    ['OTEL_SDK_DISABLED', 'true', true],
  ]
  for (const [name, value, expected] of cases) {
    const config: Record<string, unknown> = await load({ [name]: value })
    t.same(config[name], expected, `${name}=${value}`)
  }
})

t.test('what is wrong is told, and headers are not shown', async t => {
  const cases: [name: string, value: string, problem: string][] = [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://host:4317', 'must be an HTTP or HTTPS URL'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'otel-collector', 'must be an HTTP or HTTPS URL'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:password@host', 'must be an HTTP or HTTPS URL'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'must be one of http/protobuf'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'hidden', 'must be name=value pairs'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%hidden', 'must be name=value pairs'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=hidden%0A1', 'has a name or a value that no header can have'],
    ['OTEL_EXPORTER_OTLP_HEADERS', ',', 'has a name or a value that no header can have'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=a', 'must be name=value pairs'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'must be one of always_on, '],
    ['OTEL_TRACES_SAMPLER_ARG', '1.1', 'must be a number from 0 to 1'],
    ['OTEL_TRACES_SAMPLER_ARG', 'many', 'must be a number from 0 to 1'],
    ['OTEL_SDK_DISABLED', 'yes', 'must be one of true, false'],
  ]
  for (const [name, value, problem] of cases) {
    const { message } = await load({ [name]: value }).then(
      () => ({ message: 'it is taken' }),
      (error: Error) => error,
    )
    t.match(message, `${name} ${problem}`, `${name}=${value}`)
    t.notMatch(message, /hidden|password/)
  }
})
