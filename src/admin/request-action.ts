import { z } from 'zod'
import { AdminAnswerError, AdminRefusedError } from '../errors.ts'
import { exchange, textOf, type AdminTarget } from './client.ts'

const json = z.string().transform(text => JSON.parse(text))

/**
 * Has the running service do something that it may refuse with a reason of its own, by one of these codes; resolves with
 * what it says of it. Throws AdminAnswerError with that reason, AdminRefusedError when something else answers there, and
 * else as callAdmin does.
 */
export async function requestAction<T>(
  target: AdminTarget,
  path: string,
  { schema, reasons, body }: { schema: z.ZodType<T>; reasons: RegExp; body?: object },
): Promise<T> {
  const answer = await exchange(target, 'POST', path, body && { body })
  const refused = json.pipe(z.object({ code: z.string().regex(reasons), message: z.string() }))
  const refusal = parse(refused, answer.text)
  if (refusal !== undefined) throw new AdminAnswerError(refusal.message)
  const done = parse(json.pipe(schema), textOf(target, path, answer))
  if (done === undefined) throw new AdminRefusedError(target.url + path, 'as another service')
  return done
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(text).data
  } catch {
    return undefined
  }
}
