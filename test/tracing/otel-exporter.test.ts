import t from 'tap'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { watched } from '../../src/tracing/otel-exporter.ts'
import { noted } from '../queue/fixtures/spool.ts'

t.test('a failure is told of once a minute, with how many spans were lost meanwhile', async t => {
  const { log, lines } = noted()
  let now = 0
  let error: (Error & { code?: unknown }) | undefined
  const results: unknown[] = []
  const inner: SpanExporter = {
    export: (_spans, done) => done(error ? { code: 1, error } : { code: 0 }),
    shutdown: async () => void results.push('shut down'),
  }
  const exporter = watched(inner, log, () => now)
  const steps: [at: number, error: typeof error, line?: object][] = [
    [0, undefined],
    [
      1,
      Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }),
      { fields: { spans: 2, reason: 'ECONNREFUSED' } },
    ],
    [2, new Error('of this minute')],
    [60_000, new Error('of this minute')],
    [
      60_001,
      Object.assign(new Error('secret'), { code: 503 }),
      { fields: { spans: 6, reason: 'the collector answered 503' } },
    ],
    [70_000, undefined],
    [120_001, new Error('Request timed out'), { fields: { spans: 2, reason: 'Request timed out' } }],
  ]
  for (const [at, failure, line] of steps) {
    now = at
    error = failure
    const told = lines.length
    exporter.export([{}, {}] as ReadableSpan[], result => results.push(result.error))
    t.equal(results.at(-1), failure)
    t.match(lines.slice(told), line ? [{ level: 'warn', ...line }] : [])
    t.equal(lines.length, told + (line ? 1 : 0), `at ${at}`)
  }
  await exporter.shutdown()
  t.equal(results.at(-1), 'shut down')

  const told = lines.length
  exporter.tellLast()
  t.equal(lines.length, told, 'nothing that was not said')
  error = new Error('after the last word')
  exporter.export([{}] as ReadableSpan[], () => {})
  t.equal(lines.length, told)
})

t.test('at the end it tells of what was not told yet, and of what is still on its way', async t => {
  const { log, lines } = noted()
  const waiting: ((result: { code: number; error?: Error }) => void)[] = []
  const inner: SpanExporter = { export: (_spans, done) => waiting.push(done), shutdown: async () => {} }
  const failure = { code: 1, error: Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }) }
  const exporter = watched(inner, log, () => 0)
  const send = (length: number) =>
    exporter.export(Array.from({ length }, () => ({})) as ReadableSpan[], () => {})
  const cases: [sent: number[], settled: object[], line: object | undefined][] = [
    [[3, 4], [failure, failure], { spans: 4, reason: 'ECONNREFUSED' }],
    [[5, 6], [{ code: 0 }], { spans: 6, reason: 'no answer before the end of the service' }],
  ]
  for (const [sent, settled, line] of cases) {
    sent.forEach(send)
    for (const result of settled) waiting.shift()?.(result as typeof failure)
    exporter.tellLast()
    t.match(lines.at(-1), { level: 'warn', fields: line })
  }
})
