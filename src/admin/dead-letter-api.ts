import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import type { DeadLetters } from '../queue/types.ts'
import { deadAnswer, redrivenAnswer } from './answers.ts'
import { deadQuery, redriveRequest } from './consumer-requests.ts'
import { sendJson, withEvent } from './event-json.ts'
import { guarded, reading, UNREADABLE, UNWRITABLE } from './refused.ts'

const tags = ['queue']

const DEAD = {
  operationId: 'listDeadLetters',
  summary: 'Look at events that failed too often',
  tags,
  querystring: deadQuery,
  response: { 200: deadAnswer, ...guarded(BadRequestError, ...UNREADABLE) },
}
const REDRIVE = {
  operationId: 'redrive',
  summary: 'Put dead letters back at the end of the queue, with fresh attempts',
  tags,
  body: redriveRequest,
  response: { 200: redrivenAnswer, ...reading(...UNWRITABLE) },
}

/** Dead letters of the embedded queue or the spool: looking at them, and sending them again. */
export async function deadLetterApi(
  app: FastifyInstance,
  { deadLetters }: { deadLetters: DeadLetters },
): Promise<void> {
  app.get<{ Querystring: z.output<typeof deadQuery> }>(
    '/queue/dead',
    { schema: DEAD },
    async (request, reply) => {
      const dead = await deadLetters.dead(request.query)
      return sendJson(
        reply,
        'dead',
        dead.map(({ seq, attempts, reason, diedAt, event }) =>
          withEvent({ seq, attempts, reason, diedAt: new Date(diedAt).toISOString() }, event),
        ),
      )
    },
  )

  app.post<{ Body: z.output<typeof redriveRequest> }>(
    '/queue/dead/redrive',
    { schema: REDRIVE },
    async ({ body }) => ({ redriven: await deadLetters.redrive(body.seqs) }),
  )
}
