import { dirname } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { checkCertificate } from './doctor/certificate.ts'
import { checkClock } from './doctor/clock.ts'
import { checkDisk } from './doctor/disk.ts'
import { Examiner } from './doctor/examiner.ts'
import { checkPublicUrl } from './doctor/public-url.ts'
import type { Check } from './doctor/run-checks.ts'
import { isLoopback } from './network.ts'
import { queueFileOf } from './open-queue.ts'

/**
 * Of what `doctor` looks at, that which may change while the service runs and that nothing else in it notices. Jelou's clock
 * is not asked for where nothing is registered with Jelou; a service on loopback has no address and no certificate to look at.
 */
export function openExaminer(
  config: Config,
  { log, now }: { log: FastifyBaseLogger; now: () => number },
): Examiner {
  const { JELOU_API_URL, JELOU_SIGNING_SECRET, PUBLIC_URL, WEBHOOK_PATH } = config
  const clock: Check = { name: 'clock', run: () => checkClock(JELOU_API_URL, now) }
  const address: Check[] = [
    { name: 'public-url', run: () => checkPublicUrl(PUBLIC_URL, { webhookPath: WEBHOOK_PATH }) },
    { name: 'certificate', run: () => checkCertificate(PUBLIC_URL, { now }) },
  ]
  return new Examiner({
    checks: [
      { name: 'disk', run: () => checkDisk(dirname(queueFileOf(config))) },
      ...(JELOU_SIGNING_SECRET ? [] : [clock]),
      ...(isLoopback(new URL(PUBLIC_URL).hostname) ? [] : address),
    ],
    interval: config.RECONCILE_INTERVAL,
    log,
  })
}
