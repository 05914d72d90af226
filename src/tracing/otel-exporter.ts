import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { DriverLog } from '../queue/types.ts'

/** How often to say that spans are lost, in ms. */
const QUIET = 60_000

/** Says in the log, now and then, that exports fail: by a code or a status only, for an answer may quote what was sent. */
export function watched(
  exporter: SpanExporter,
  log: Pick<DriverLog, 'warn'>,
  now: () => number,
): SpanExporter {
  let spans = 0
  let next = -Infinity
  function failed(count: number, reason: string): void {
    spans += count
    if (now() < next) return
    log.warn({ spans, reason }, 'traces cannot be exported: spans are lost')
    spans = 0
    next = now() + QUIET
  }
  return {
    export(batch, done) {
      exporter.export(batch, result => {
        if (result.error) failed(batch.length, reasonOf(result.error))
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

function reasonOf({ code, message }: Error & { code?: unknown }): string {
  if (typeof code === 'number') return `the collector answered ${code}`
  return typeof code === 'string' ? code : message
}
