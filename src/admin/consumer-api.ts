import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { LeasedMessage, QueueConsumer } from '../queue/types.ts'
import { receivedAnswer, settledAnswer } from './answers.ts'
import { ackRequest, nackRequest, receiveRequest } from './consumer-requests.ts'
import { sendJson, withEvent } from './event-json.ts'
import { reading, UNWRITABLE } from './refused.ts'

const tags = ['queue']
const refused = () => reading(...UNWRITABLE)

const RECEIVE = {
  operationId: 'receive',
  summary: 'Lease events: of each key one at a time, in order',
  tags,
  body: receiveRequest,
  response: { 200: receivedAnswer, ...refused() },
}
const ACKNOWLEDGE = {
  operationId: 'acknowledge',
  summary: 'Remove events for good, once they are handled',
  tags,
  body: ackRequest,
  response: { 200: settledAnswer, ...refused() },
}
const RETURN = {
  operationId: 'return',
  summary: 'Give events back: they come again, or are dead letters after the fifth attempt',
  tags,
  body: nackRequest,
  response: { 200: settledAnswer, ...refused() },
}

/** The embedded queue's consumer API: receive, acknowledge, return. */
export async function consumerApi(
  app: FastifyInstance,
  { consumer }: { consumer: QueueConsumer },
): Promise<void> {
  const closing = new AbortController()
  app.addHook('preClose', done => {
    closing.abort()
    done()
  })

  app.post<{ Body: z.output<typeof receiveRequest> }>(
    '/queue/receive',
    { schema: RECEIVE },
    async (request, reply) => {
      const gone = new AbortController()
      let messages: LeasedMessage[] = []
      reply.raw.once('close', () => {
        gone.abort()
        // The consumer went away before it had the whole answer, so it can have done nothing with it.
        if (!reply.raw.writableFinished) giveBack(messages)
      })
      messages = await consumer.receive({
        ...request.body,
        signal: AbortSignal.any([gone.signal, closing.signal]),
      })
      return sendJson(
        reply,
        'messages',
        messages.map(({ lease, attempts, event }) => withEvent({ lease, attempts }, event)),
      )
    },
  )

  app.post<{ Body: z.output<typeof ackRequest> }>('/queue/ack', { schema: ACKNOWLEDGE }, async ({ body }) =>
    consumer.acknowledge(body.leases),
  )

  app.post<{ Body: z.output<typeof nackRequest> }>('/queue/nack', { schema: RETURN }, async ({ body }) => {
    const { leases, ...options } = body
    return consumer.reject(leases, options)
  })

  function giveBack(messages: LeasedMessage[]): void {
    consumer
      .release(messages.map(({ lease }) => lease))
      .catch((error: unknown) =>
        app.log.warn({ err: error }, 'messages come back only when their lease runs out'),
      )
  }
}
