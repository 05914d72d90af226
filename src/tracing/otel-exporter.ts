import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { DriverLog } from '../queue/types.ts'

/** How often to say that spans are lost, in ms. */
const QUIET = 60_000

/** For the end: `landed` resolves once nothing is on its way; `tellLast` says how many spans are lost that nothing was said of. */
export type WatchedExporter = SpanExporter & { landed: () => Promise<void>; tellLast: () => void }

/** Says in the log, now and then, that exports fail: by a code or a status only, for an answer may quote what was sent. */
export function watched(
  exporter: SpanExporter,
  log: Pick<DriverLog, 'warn'>,
  now: () => number,
): WatchedExporter {
  let spans = 0
  let onTheirWay = 0
  let reason = ''
  let next = -Infinity
  let landed = Promise.withResolvers<void>()
  landed.resolve()
  function tell(reason: string): void {
    if (spans > 0) log.warn({ spans, reason }, 'traces cannot be exported: spans are lost')
    spans = 0
    next = now() + QUIET
  }
  return {
    export(batch, done) {
      if (onTheirWay === 0) landed = Promise.withResolvers()
      onTheirWay += batch.length
      exporter.export(batch, result => {
        onTheirWay -= batch.length
        if (result.error) {
          spans += batch.length
          reason = reasonOf(result.error)
          if (now() >= next) tell(reason)
        }
        if (onTheirWay === 0) landed.resolve()
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    landed: () => landed.promise,
    tellLast() {
      spans += onTheirWay
      tell(onTheirWay > 0 ? 'no answer before the end of the service' : reason)
      next = Infinity
    },
  }
}

function reasonOf({ code, message }: Error & { code?: unknown }): string {
  if (typeof code === 'number') return `the collector answered ${code}`
  return typeof code === 'string' ? code : message
}
