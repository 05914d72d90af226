import { z } from 'zod'
import type { AdminTarget } from '../admin/client.ts'
import { loadAdminAddress } from '../config.ts'
import { flag } from './command.ts'

const url = z
  .string()
  .refine(isAddress, 'must be an HTTP or HTTPS URL without user, query or fragment')
  .transform(text => text.replace(/\/+$/, ''))
  .optional()

/** The options of every command that asks the running service. */
export const targetOptions = { url, json: flag }

/** The line of help about `--url`. */
export const URL_HELP =
  "--url URL   the service's private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)"

/** The private listener that `--url` names, else the configured one, and the configured token. Throws ConfigError. */
export async function targetOf({ url }: { url?: string | undefined }): Promise<AdminTarget> {
  const configured = await loadAdminAddress()
  return { ...configured, ...(url !== undefined && { url }) }
}

/** Whether a path can be put behind it. */
function isAddress(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^https?:\/\//.test(text)) return false
  return [url.username, url.password, url.search, url.hash].every(part => part === '')
}
