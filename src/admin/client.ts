import { request } from 'undici'
import type { z } from 'zod'
import { AdminRefusedError, AdminUnreachableError } from '../errors.ts'

/** The private listener's base URL, and its token if it wants one. */
export type AdminTarget = { url: string; token: string | undefined }

type Method = 'GET' | 'POST'
type CallOptions = { body?: object; signal?: AbortSignal }

/**
 * Calls the private listener; resolves with the text of its answer. Throws AdminRefusedError for what is neither 2xx
 * nor 5xx, and AdminUnreachableError when there is no whole answer or a 5xx; trying again may help only then.
 */
export async function callAdmin(
  target: AdminTarget,
  method: Method,
  path: string,
  options?: CallOptions,
): Promise<string> {
  return textOf(target, path, await exchange(target, method, path, options))
}

/** Calls as callAdmin does; resolves with what is in the JSON. Throws AdminRefusedError besides when another service answers there. */
export async function askAdmin<T>(
  target: AdminTarget,
  method: Method,
  path: string,
  { schema, ...options }: CallOptions & { schema: z.ZodType<T> },
): Promise<T> {
  const text = await callAdmin(target, method, path, options)
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new AdminRefusedError(target.url + path, 'as another service', { cause })
  }
}

/** The answer's text when it is a 2xx; throws as callAdmin does. */
export function textOf({ url }: AdminTarget, path: string, answer: { status: number; text: string }): string {
  const { status, text } = answer
  if (status >= 500) throw new AdminUnreachableError(url, `status ${status}`)
  if (status >= 300) throw new AdminRefusedError(url + path, status)
  return text
}

/** Calls the private listener; resolves with its answer, whatever it is. Throws AdminUnreachableError when there is none. */
export async function exchange(
  { url, token }: AdminTarget,
  method: Method,
  path: string,
  { body, signal }: CallOptions = {},
): Promise<{ status: number; text: string }> {
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
