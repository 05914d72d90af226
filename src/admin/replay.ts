import { z } from 'zod'
import { AdminRefusedError } from '../errors.ts'
import { callAdmin, type AdminTarget } from './client.ts'

const answer = z.object({ redriven: z.int() })

/**
 * Sends the service's dead letters again, all of them or those with these numbers; resolves with how many. Throws as
 * callAdmin does, and AdminRefusedError when something else answers there.
 */
export async function replay(target: AdminTarget, seqs?: number[]): Promise<number> {
  const path = '/queue/dead/redrive'
  const text = await callAdmin(target, 'POST', path, { body: { seqs } })
  try {
    return answer.parse(JSON.parse(text)).redriven
  } catch (cause) {
    throw new AdminRefusedError(target.url + path, 'as another service', { cause })
  }
}
