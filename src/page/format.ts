/** How numbers and times stand on the page: short, in one unit, the same for everybody. */

// No formatter of `Intl` is kept: making the first takes 20 ms of the start, and few ever look at the page.

/** Of things that are counted. */
export function formatCount(count: number): string {
  return count.toLocaleString('en', { maximumFractionDigits: 0 })
}

/** Of what may have a fraction: three digits, more only before the point. */
export function formatNumber(value: number): string {
  return value >= 1000 ? formatCount(value) : value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

/** Of ms, with the unit. */
export function formatTime(milliseconds: number): string {
  if (milliseconds < 1000) return `${formatNumber(milliseconds)} ms`
  return `${formatNumber(milliseconds / 1000)} s`
}

const AGES: [unit: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
]

/** Of seconds, in the two largest units; below a minute only that, so that the page does not change all the time. */
export function formatAge(seconds: number): string {
  const largest = AGES.findIndex(([, length]) => seconds >= length)
  if (largest === -1) return seconds === 0 ? '0 s' : 'less than 1 min'
  let left = seconds
  const parts = AGES.slice(largest, largest + 2).map(([unit, length]) => {
    const amount = Math.floor(left / length)
    left -= amount * length
    return { amount, text: `${amount} ${unit}` }
  })
  return parts
    .filter(({ amount }) => amount > 0)
    .map(({ text }) => text)
    .join(' ')
}

const SIZES = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** Of bytes; a kB is 1,024 of them, as in the configuration. */
export function formatSize(bytes: number): string {
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${formatNumber(bytes / 1024 ** power)} ${SIZES[power]}`
}

/** The time of day of an ISO 8601 text or of ms since the epoch, in UTC. */
export function timeOfDay(time: string | number): string {
  return new Date(time).toISOString().slice(11, 19)
}

/** The same with its date, for what may be long ago. */
export function dayAndTime(time: string | number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}
