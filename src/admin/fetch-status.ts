import { z } from 'zod'
import { callAdmin, type AdminTarget } from './client.ts'

const answer = z.looseObject({ status: z.string() })

/** What the running service says of itself, as indented JSON, and whether it is ready. Throws as callAdmin does. */
export async function fetchStatus(target: AdminTarget): Promise<{ ready: boolean; text: string }> {
  const { text } = await callAdmin(target, 'GET', '/status')
  const status = answer.parse(JSON.parse(text))
  return { ready: status.status === 'ready', text: JSON.stringify(status, null, 2) }
}
