import type { FastifyInstance } from 'fastify'
import type { LeasedMessage, QueueConsumer } from '../queue/types.ts'
import { ackRequest, nackRequest, parse, receiveRequest } from './consumer-requests.ts'
import { sendJson, withEvent } from './event-json.ts'

/**
 * The embedded queue's consumer API: receive, acknowledge, return.
 *
 * Acknowledging and returning answer `{"settled":2,"expired":["…"]}`: for how many of the leases it was done, and which
 * were not held any more. Those had run out, so that their messages come (or came) again, or were settled before.
 */
export async function consumerApi(
  app: FastifyInstance,
  { consumer }: { consumer: QueueConsumer },
): Promise<void> {
  const closing = new AbortController()
  app.addHook('preClose', done => {
    closing.abort()
    done()
  })

  app.post('/queue/receive', async (request, reply) => {
    const options = parse(receiveRequest, request.body)
    const gone = new AbortController()
    let messages: LeasedMessage[] = []
    reply.raw.once('close', () => {
      gone.abort()
      // The consumer went away before it had the whole answer, so it can have done nothing with it.
      if (!reply.raw.writableFinished) giveBack(messages)
    })
    messages = await consumer.receive({ ...options, signal: AbortSignal.any([gone.signal, closing.signal]) })
    return sendJson(
      reply,
      'messages',
      messages.map(({ lease, attempts, event }) => withEvent({ lease, attempts }, event)),
    )
  })

  app.post('/queue/ack', async request => consumer.acknowledge(parse(ackRequest, request.body).leases))

  app.post('/queue/nack', async request => {
    const { leases, ...options } = parse(nackRequest, request.body)
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
