import { ok, skipped, wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

/** What a clock may be off, in ms: more than the second in which a Date header is written, and what an answer takes. */
const TOLERANCE = 30_000
const TIMEOUT = 5_000

/** Whether this machine's clock (ms since the epoch) agrees with that of whoever answers at this URL. */
export async function checkClock(url: string, now: () => number = Date.now): Promise<Finding> {
  try {
    const { request } = await import('undici')
    const before = now()
    const { headers, body } = await request(url, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT) })
    const here = (before + now()) / 2
    await body.dump()
    const there = Date.parse(String(headers.date))
    if (Number.isNaN(there)) return skipped('Jelou does not tell its time')
    const off = Math.round((here - there) / 1000)
    if (Math.abs(here - there) <= TOLERANCE) return ok('agrees with that of Jelou')
    return wrong(
      `this machine's clock is ${Math.abs(off)} s ${off > 0 ? 'ahead of' : 'behind'} that of Jelou`,
      'set it right, and keep it so (chrony, systemd-timesyncd): ages, leases and certificates are judged by it',
    )
  } catch (error) {
    return skipped(`Jelou does not answer (${reasonOf(error)})`)
  }
}
