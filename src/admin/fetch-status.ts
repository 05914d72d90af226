import { z } from 'zod'
import { askAdmin, type AdminTarget } from './client.ts'

const schema = z.looseObject({ status: z.string() })

/** What the running service says of itself, and whether it is ready. Throws as askAdmin does. */
export async function fetchStatus(target: AdminTarget): Promise<{ ready: boolean; status: object }> {
  const status = await askAdmin(target, 'GET', '/status', { schema })
  return { ready: status.status === 'ready', status }
}
