import { z } from 'zod'
import { RequestCutError } from '../errors.ts'
import { jelouEvent } from '../jelou/event-schema.ts'
import type { AuthType } from '../jelou/schemas.ts'
import { refusals, WEBHOOK_REFUSALS } from '../refusals.ts'
import { challenge } from './credentials.ts'

export const RETRY_AFTER_SECONDS = 5

const takenAnswer = z
  .object({
    status: z.enum(['accepted', 'duplicate']).meta({
      description: 'accepted: it is stored durably now. duplicate: it had been before',
    }),
    id: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: 'SHA-256 of the verified body; the id of the event on the queue' }),
  })
  .meta({ description: 'The broker confirmed the event, or this machine synced it to disk' })

/** A request that broke off has nobody left to answer. */
const ANSWERED = WEBHOOK_REFUSALS.filter(Refusal => Refusal !== RequestCutError)

/** The schema of the route; the challenge of a 401 is by what is configured. */
export function describeWebhook(authType: AuthType) {
  const headers = {
    401: { 'WWW-Authenticate': { type: 'string', const: challenge(authType) } },
    503: { 'Retry-After': { type: 'integer', const: RETRY_AFTER_SECONDS, description: 'In seconds' } },
  }
  return {
    operationId: 'deliver',
    summary: 'Deliver an event',
    description: 'The body is read as the bytes that were signed, and goes on as they are.',
    tags: ['webhook'],
    body: jelouEvent,
    response: { 200: takenAnswer, ...refusals(ANSWERED, headers) },
  }
}

/** The answer as JSON: there is nothing in it to escape. */
export function answerText({ status, id }: z.infer<typeof takenAnswer>): string {
  return `{"status":"${status}","id":"${id}"}`
}
