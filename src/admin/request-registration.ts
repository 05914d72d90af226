import { z } from 'zod'
import { AdminAnswerError, AdminRefusedError } from '../errors.ts'
import { exchange, textOf, type AdminTarget } from './client.ts'

const PATH = '/registration/rotate'

const json = z.string().transform(text => JSON.parse(text))
const done = json.pipe(z.object({ outcome: z.string() }))
const refused = json.pipe(z.object({ code: z.string().startsWith('ERR_ROTATION_'), message: z.string() }))

/**
 * Has the running service rotate the signing secret; resolves with its answer, as JSON. Throws AdminAnswerError with the
 * service's own reason when it could not, AdminRefusedError when something else answers there, and else as callAdmin does.
 */
export async function requestRotation(target: AdminTarget): Promise<string> {
  const answer = await exchange(target, 'POST', PATH)
  const reason = parse(refused, answer.text)
  if (reason !== undefined) throw new AdminAnswerError(reason.message)
  const outcome = parse(done, textOf(target, PATH, answer))
  if (outcome === undefined) throw new AdminRefusedError(target.url + PATH, 'as another service')
  return JSON.stringify(outcome)
}

function parse<T>(schema: z.ZodType<T, string>, text: string): T | undefined {
  try {
    return schema.safeParse(text).data
  } catch {
    return undefined
  }
}
