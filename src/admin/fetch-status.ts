import { z } from 'zod'
import { askAdmin, type AdminTarget } from './client.ts'

const schema = z.looseObject({ status: z.string() })

/** What the running service says of itself, as indented JSON, and whether it is ready. Throws as askAdmin does. */
export async function fetchStatus(target: AdminTarget): Promise<{ ready: boolean; text: string }> {
  const status = await askAdmin(target, 'GET', '/status', { schema })
  return { ready: status.status === 'ready', text: JSON.stringify(status, null, 2) }
}
