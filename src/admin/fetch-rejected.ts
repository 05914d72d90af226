import { z } from 'zod'
import { askAdmin, type AdminTarget } from './client.ts'

const rejected = z.looseObject({
  time: z.string(),
  check: z.string(),
  statusCode: z.int(),
  bodyLength: z.int().nullable(),
  source: z.string(),
})
const schema = z.object({ rejected: z.array(rejected) })

/** A refused request as the private listener tells it. */
export type Rejected = z.infer<typeof rejected>

/** The last requests that the running service refused, newest first. Throws as askAdmin does. */
export async function fetchRejected(target: AdminTarget): Promise<Rejected[]> {
  return (await askAdmin(target, 'GET', '/rejected', { schema })).rejected
}
