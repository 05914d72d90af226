const MAX_DELAY = 600_000

/**
 * The delay that a `Retry-After` header asks for, in ms and at most 10 minutes: seconds or an HTTP date (RFC 9110, 10.2.3).
 * `now` is in ms since the epoch. Undefined when there is none that can be read.
 */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const value = [header].flat()[0]?.trim()
  if (value === undefined) return undefined
  const delay = /^\d+$/.test(value)
    ? Number(value) * 1000
    : value.endsWith(' GMT')
      ? Date.parse(value) - now
      : NaN
  return Number.isNaN(delay) ? undefined : Math.min(Math.max(delay, 0), MAX_DELAY)
}
