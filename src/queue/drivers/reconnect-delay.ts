const FIRST = 100
const LONGEST = 5_000

/**
 * How long to wait in ms before the next try to reconnect, `failures` tries in a row having failed: doubles from a tenth of a
 * second up to five seconds, half of it by chance so that replicas do not come back all at once.
 */
export function reconnectDelay(failures: number): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** failures)
  return ceiling / 2 + (Math.random() * ceiling) / 2
}
