import type { IntegrationApi, JelouAnswer } from '../jelou/client.ts'
import { hrefOf } from '../jelou/href.ts'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'
import { adviceFor } from './reason.ts'

/** Asks Jelou for the integration, once; null when nothing is registered because the secret is configured. */
export async function askJelou(api: IntegrationApi | null): Promise<JelouAnswer | null> {
  if (api === null) return null
  try {
    return await api.read()
  } finally {
    await api.close()
  }
}

/** Whether Jelou is reached, and takes the credentials. */
export function judgeJelou(answer: JelouAnswer | null, apiUrl: string): Finding {
  if (answer === null) return skipped('JELOU_SIGNING_SECRET is configured: nothing is asked of Jelou')
  if (isUnlikeJelou(answer)) {
    const what = answer.kind === 'ok' ? '200 with nothing of an integration' : answer.reason
    return warning(
      `${apiUrl} answers ${what}, which does not look like Jelou's: nothing may be registered there`,
      'check JELOU_API_URL, its path above all; once the service has registered with it, all is well',
    )
  }
  if (answer.kind === 'ok') return ok(`${apiUrl} answers, and takes the credentials`)
  const { reason } = answer
  if (answer.kind === 'unavailable')
    return wrong(
      `no usable answer from ${apiUrl}: ${reason}`,
      adviceFor(reason, 'check JELOU_API_URL, and whether Jelou is up'),
    )
  if (answer.status === 404) return ok(`${apiUrl} answers, and takes the credentials`)
  if (answer.status === 401 || answer.status === 403)
    return wrong(
      `Jelou refuses the credentials: ${reason}`,
      'check JELOU_API_KEY, or JELOU_CLIENT_ID and JELOU_CLIENT_SECRET, and that they may act for JELOU_PROJECT_ID',
    )
  return wrong(`Jelou refuses: ${reason}`, 'check JELOU_PROJECT_ID and JELOU_API_URL')
}

/** Whether what is registered with Jelou is this service's webhook. */
export function judgeWebhook(
  answer: JelouAnswer | null,
  { webhookUrl, authType }: { webhookUrl: string; authType: string },
): Finding {
  if (answer === null) return skipped('JELOU_SIGNING_SECRET is configured: register the webhook by hand')
  if (isUnlikeJelou(answer)) return skipped("the answer does not look like Jelou's")
  if (answer.kind === 'refused' && answer.status === 404)
    return ok('nothing is registered: the service does that at its start, unless it was unregistered')
  if (answer.kind !== 'ok') return skipped('Jelou did not tell')
  const { integration } = answer
  if (integration.webhookUrl === undefined) return skipped('Jelou does not tell which webhook is registered')
  if (hrefOf(integration.webhookUrl) !== hrefOf(webhookUrl))
    return warning(
      `Jelou has ${integration.webhookUrl}, and here it is ${webhookUrl}`,
      'check PUBLIC_URL and WEBHOOK_PATH: the service registers its own at its start, and the other one gets no more events',
    )
  if ((integration.authType ?? authType) !== authType)
    return warning(
      `Jelou presents its credential as ${integration.authType}, and here it is ${authType}`,
      'the service puts that right at its start; check WEBHOOK_AUTH_TYPE when it runs',
    )
  return ok(`${webhookUrl} is registered`)
}

/**
 * Whether it may be another's: with a wrong path in JELOU_API_URL whatever stands there says 404 too, as Jelou does while nothing is
 * registered, though in other words. Jelou's own are not documented, so that this is no more than a guess.
 */
function isUnlikeJelou(answer: JelouAnswer): boolean {
  if (answer.kind === 'ok') return Object.keys(answer.integration).length === 0
  return answer.kind === 'refused' && answer.status === 404 && answer.form !== 'documented'
}
