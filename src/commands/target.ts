import type { AdminTarget } from '../admin/client.ts'
import { loadAdminAddress } from '../config.ts'
import { ConfigError } from '../errors.ts'

/** The options of every command that asks the running service. */
export const targetOptions = { url: { type: 'string' }, json: { type: 'boolean' } } as const

/** The line of help about `--url`. */
export const URL_HELP =
  "--url URL   the service's private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)"

/** The private listener that `--url` names, else the configured one, and the configured token. Throws ConfigError. */
export async function targetOf({ url }: { url?: string | undefined }): Promise<AdminTarget> {
  const configured = await loadAdminAddress()
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
    throw new ConfigError(`--url must begin with http:// or https:// (it is "${url}")`)
  return { ...configured, ...(url !== undefined && { url: url.replace(/\/+$/, '') }) }
}
