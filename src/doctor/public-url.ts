import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { isLoopback } from '../network.ts'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'
import { adviceFor, reasonOf } from './reason.ts'

const TIMEOUT = 8_000
const json = z.string().transform(text => JSON.parse(text))
const HEALTHY = json.pipe(z.object({ status: z.literal('ok') }))
/** What this service says to a GET of the webhook. */
const NOTHING_HERE = json.pipe(z.object({ code: z.literal('ERR_NOT_FOUND'), statusCode: z.literal(404) }))

/** Whether this service, or one like it, answers at PUBLIC_URL, asked from here. */
export async function checkPublicUrl(
  publicUrl: string,
  { webhookPath, dispatcher }: { webhookPath: string; dispatcher?: Dispatcher },
): Promise<Finding> {
  if (/:0(?=\/|$)/.test(publicUrl)) return skipped('PUBLIC_URL has port 0, which only the service knows')
  const ask = async (path: string) => {
    const { request } = await import('undici')
    const signal = AbortSignal.timeout(TIMEOUT)
    const { statusCode, body } = await request(publicUrl + path, {
      signal,
      ...(dispatcher && { dispatcher }),
    })
    return { statusCode, text: await body.text() }
  }
  try {
    const { statusCode, text } = await ask('/healthz')
    // A proxy may pass on the webhook and nothing else.
    const isOurs = fits(HEALTHY, text) || fits(NOTHING_HERE, (await ask(webhookPath)).text)
    if (!isOurs)
      return wrong(
        `something else than this service answers at ${publicUrl} (status ${statusCode})`,
        'start the service, and check PUBLIC_URL and where the proxy before it sends its requests',
      )
    if (isLoopback(new URL(publicUrl).hostname))
      return warning(
        `${publicUrl} is this machine, which Jelou cannot reach`,
        'for more than a try, set PUBLIC_URL',
      )
    return ok(`this service, or one like it, answers at ${publicUrl}`)
  } catch (error) {
    const reason = reasonOf(error)
    return wrong(
      `${publicUrl} cannot be reached from here: ${reason}`,
      'start the service if it does not run. ' +
        adviceFor(reason, 'check PUBLIC_URL, and what stands before the service') +
        '. Some networks cannot reach their own public address: then try it from outside',
    )
  }
}

function fits(schema: z.ZodType, text: string): boolean {
  try {
    return schema.safeParse(text).success
  } catch {
    return false
  }
}
