import { request } from 'undici'
import { AdminRefusedError, AdminUnreachableError } from '../errors.ts'

/** The private listener's base URL, and its token if it wants one. */
export type AdminTarget = { url: string; token: string | undefined }

/**
 * Calls the private listener; resolves with the text of its answer. Throws AdminRefusedError for what is neither 2xx
 * nor 5xx, and AdminUnreachableError when there is no whole answer or a 5xx; trying again may help only then.
 */
export async function callAdmin(
  { url, token }: AdminTarget,
  method: 'GET' | 'POST',
  path: string,
  { body, signal }: { body?: object; signal?: AbortSignal } = {},
): Promise<string> {
  const { status, text } = await exchange()
  if (status >= 500) throw new AdminUnreachableError(url, `status ${status}`)
  if (status >= 300) throw new AdminRefusedError(url + path, status)
  return text

  async function exchange(): Promise<{ status: number; text: string }> {
    try {
      const answer = await request(url + path, {
        method,
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: body ? JSON.stringify(body) : null,
        signal: signal ?? null,
      })
      return { status: answer.statusCode, text: await answer.body.text() }
    } catch (cause) {
      // The code, because an error for several addresses of one name has no message.
      throw new AdminUnreachableError(url, (cause as NodeJS.ErrnoException).code, { cause })
    }
  }
}
