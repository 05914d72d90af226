import type { FastifyInstance, FastifyReply } from 'fastify'
import type { LeasedMessage, QueueConsumer } from '../queue/types.ts'
import {
  ackRequest,
  deadQuery,
  nackRequest,
  parse,
  receiveRequest,
  redriveRequest,
} from './consumer-requests.ts'

/**
 * The embedded queue's consumer API: receive, acknowledge, return, dead letters.
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

  app.get('/queue/dead', async (request, reply) => {
    const dead = await consumer.dead(parse(deadQuery, request.query))
    return sendJson(
      reply,
      'dead',
      dead.map(({ seq, attempts, reason, diedAt, event }) =>
        withEvent({ seq, attempts, reason, diedAt: new Date(diedAt).toISOString() }, event),
      ),
    )
  })

  app.post('/queue/dead/redrive', async request => ({
    redriven: await consumer.redrive(parse(redriveRequest, request.body).seqs),
  }))

  function giveBack(messages: LeasedMessage[]): void {
    consumer
      .release(messages.map(({ lease }) => lease))
      .catch((error: unknown) =>
        app.log.warn({ err: error }, 'messages come back only when their lease runs out'),
      )
  }
}

/** A JSON object with `event` as its last member: the stored text itself, not parsed and written again. */
function withEvent(fields: object, event: Buffer): Buffer[] {
  return [Buffer.from(`${JSON.stringify(fields).slice(0, -1)},"event":`), event, Buffer.from('}')]
}

function sendJson(reply: FastifyReply, name: string, items: Buffer[][]): FastifyReply {
  const list = items.flatMap((item, index) => (index === 0 ? item : [Buffer.from(','), ...item]))
  reply.type('application/json; charset=utf-8')
  return reply.send(Buffer.concat([Buffer.from(`{"${name}":[`), ...list, Buffer.from(']}')]))
}
