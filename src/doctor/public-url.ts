import { request, type Dispatcher } from 'undici'
import { z } from 'zod'
import { isLoopback } from '../network.ts'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'
import { adviceFor, reasonOf } from './reason.ts'

const TIMEOUT = 8_000
const HEALTHY = z
  .string()
  .transform(text => JSON.parse(text))
  .pipe(z.object({ status: z.literal('ok') }))

/** Whether this service, or one like it, answers at PUBLIC_URL, asked from here. */
export async function checkPublicUrl(publicUrl: string, dispatcher?: Dispatcher): Promise<Finding> {
  const url = `${publicUrl}/healthz`
  if (/:0(?=\/|$)/.test(publicUrl)) return skipped('PUBLIC_URL has port 0, which only the service knows')
  try {
    const options = { signal: AbortSignal.timeout(TIMEOUT), ...(dispatcher && { dispatcher }) }
    const { statusCode, body } = await request(url, options)
    if (!isHealthy(statusCode, await body.text()))
      return wrong(
        `something else than this service answers at ${url} (status ${statusCode})`,
        'start the service, and check PUBLIC_URL and where the proxy before it sends its requests',
      )
    if (isLoopback(new URL(publicUrl).hostname))
      return warning(
        `${publicUrl} is this machine, which Jelou cannot reach`,
        'for more than a try, set PUBLIC_URL',
      )
    return ok(`${url} answers`)
  } catch (error) {
    const reason = reasonOf(error)
    return wrong(
      `${url} cannot be reached from here: ${reason}`,
      adviceFor(reason, 'check PUBLIC_URL, and what stands before the service') +
        '. Some networks cannot reach their own public address: then try it from outside',
    )
  }
}

function isHealthy(statusCode: number, text: string): boolean {
  try {
    return statusCode === 200 && HEALTHY.safeParse(text).success
  } catch {
    return false
  }
}
