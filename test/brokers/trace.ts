/** The headers of W3C Trace Context among those of a message: what tracing in a consumer goes on with. */
export function traceOf(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const names = ['traceparent', 'tracestate'].filter(name => headers[name] !== undefined)
  return Object.fromEntries(names.map(name => [name, String(headers[name])]))
}
