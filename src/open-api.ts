import type { Config } from './config.ts'
import { createIntegrationApi, type IntegrationApi } from './jelou/client.ts'

/** Jelou's integration API as it is configured; null when the signing secret is configured and nothing is to be registered. */
export function openIntegrationApi(config: Config): IntegrationApi | null {
  if (config.JELOU_SIGNING_SECRET) return null
  const {
    JELOU_API_KEY: apiKey,
    JELOU_CLIENT_ID: clientId = '',
    JELOU_CLIENT_SECRET: clientSecret = '',
  } = config
  return createIntegrationApi({
    baseUrl: config.JELOU_API_URL,
    projectId: config.JELOU_PROJECT_ID,
    credential: apiKey === undefined ? { clientId, clientSecret } : { apiKey },
  })
}
