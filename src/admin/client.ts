import { request } from 'undici'
import { AdminRefusedError, AdminUnreachableError } from '../errors.ts'

/** The private listener's base URL, and its token if it wants one. */
export type AdminTarget = { url: string; token: string | undefined }

/**
 * Calls the private listener. Throws AdminRefusedError for a 4xx, and AdminUnreachableError when there is no answer or
 * a 5xx; trying again may help only then.
 */
export async function callAdmin(
  { url, token }: AdminTarget,
  method: 'GET' | 'POST',
  path: string,
  { body, signal }: { body?: object; signal?: AbortSignal } = {},
): Promise<{ text: string }> {
  const answer = await request(url + path, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: body ? JSON.stringify(body) : null,
    signal: signal ?? null,
  }).catch((cause: Error) => {
    throw new AdminUnreachableError(url, cause.message, { cause })
  })
  const text = await answer.body.text()
  if (answer.statusCode >= 500) throw new AdminUnreachableError(url, `status ${answer.statusCode}`)
  if (answer.statusCode >= 400) throw new AdminRefusedError(url + path, answer.statusCode)
  return { text }
}
