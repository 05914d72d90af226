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
})
