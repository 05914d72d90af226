import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { NotRegisteredError } from '../errors.ts'
import { reading } from './refused.ts'

const testEventRequest = z.strictObject({
  way: z
    .enum(['loopback', 'public'])
    .default('loopback')
    .describe('Straight to the public listener on this machine, or by PUBLIC_URL as events of Jelou'),
})

/** What became of a test event, as the private listener tells it; `problem` is null when it was taken. */
export const testEventAnswer = z
  .object({
    url: z.string(),
    statusCode: z.int().nullable().meta({ description: 'null: there was no answer' }),
    answer: z
      .string()
      .nullable()
      .meta({ description: 'accepted, duplicate, or the code of the refusal; null: not of this service' }),
    id: z.string().nullable(),
    tookMs: z.number(),
    problem: z.string().nullable().meta({ description: 'What is wrong, and what to do; null: nothing' }),
  })
  .meta({ description: 'What became of it' })

/** Sends a test event by a way to the service's own webhook, and resolves with what became of it: nothing secret. */
export type SendTestEvent = (way: 'loopback' | 'public') => Promise<z.infer<typeof testEventAnswer>>

const TEST_EVENT = {
  operationId: 'sendTestEvent',
  summary: 'Send a harmless signed event to the own webhook',
  tags: ['service'],
  body: testEventRequest,
  response: { 200: testEventAnswer, ...reading(NotRegisteredError) },
}

/** The service's proof that events can come in. */
export async function testEventApi(app: FastifyInstance, { send }: { send: SendTestEvent }): Promise<void> {
  app.post<{ Body: z.output<typeof testEventRequest> }>(
    '/test-event',
    { schema: TEST_EVENT },
    async ({ body }) => send(body.way),
  )
}
