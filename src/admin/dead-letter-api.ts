import type { FastifyInstance } from 'fastify'
import type { DeadLetters } from '../queue/types.ts'
import { deadQuery, parse, redriveRequest } from './consumer-requests.ts'
import { sendJson, withEvent } from './event-json.ts'

/** Dead letters of the embedded queue or the spool: looking at them, and sending them again. */
export async function deadLetterApi(
  app: FastifyInstance,
  { deadLetters }: { deadLetters: DeadLetters },
): Promise<void> {
  app.get('/queue/dead', async (request, reply) => {
    const dead = await deadLetters.dead(parse(deadQuery, request.query))
    return sendJson(
      reply,
      'dead',
      dead.map(({ seq, attempts, reason, diedAt, event }) =>
        withEvent({ seq, attempts, reason, diedAt: new Date(diedAt).toISOString() }, event),
      ),
    )
  })

  app.post('/queue/dead/redrive', async request => ({
    redriven: await deadLetters.redrive(parse(redriveRequest, request.body).seqs),
  }))
}
