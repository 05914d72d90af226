import { redrivenAnswer } from './answers.ts'
import { askAdmin, type AdminTarget } from './client.ts'

/** Sends the service's dead letters again, all of them or those with these numbers; resolves with how many. Throws as askAdmin does. */
export async function replay(target: AdminTarget, seqs?: number[]): Promise<number> {
  const { redriven } = await askAdmin(target, 'POST', '/queue/dead/redrive', {
    schema: redrivenAnswer,
    body: { seqs },
  })
  return redriven
}
