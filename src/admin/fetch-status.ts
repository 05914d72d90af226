import { z } from 'zod'
import { AdminRefusedError } from '../errors.ts'
import { callAdmin, type AdminTarget } from './client.ts'

const answer = z
  .string()
  .transform(text => JSON.parse(text))
  .pipe(z.looseObject({ status: z.string() }))

/**
 * What the running service says of itself, as indented JSON, and whether it is ready. Throws as callAdmin does, and
 * AdminRefusedError when something else answers there.
 */
export async function fetchStatus(target: AdminTarget): Promise<{ ready: boolean; text: string }> {
  const text = await callAdmin(target, 'GET', '/status')
  const status = parse(text, `${target.url}/status`)
  return { ready: status.status === 'ready', text: JSON.stringify(status, null, 2) }
}

function parse(text: string, url: string): z.output<typeof answer> {
  try {
    return answer.parse(text)
  } catch (cause) {
    throw new AdminRefusedError(url, 'as another service', { cause })
  }
}
