import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import type { LeasedMessage, QueueConsumer } from '../queue/types.ts'
import { duration } from '../units.ts'

const leases = z.array(z.string().max(200)).max(10_000)

const receiveRequest = z.object({
  max: z.int().min(1).max(1000).default(10),
  wait: duration.prefault('0s').refine(wait => wait <= 60_000, 'must be 60s at most'),
  lease: duration
    .prefault('30s')
    .refine(lease => lease > 0 && lease <= 43_200_000, 'must be more than 0 and 12h at most'),
})
const ackRequest = z.object({ leases })
const nackRequest = z.object({
  leases,
  delay: duration.prefault('0s'),
  reason: z.string().max(1000).exactOptional(),
})
const deadQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})
const redriveRequest = z.object({ seqs: z.array(z.int()).max(10_000).exactOptional() })

/** The embedded queue's consumer API: receive, acknowledge, return, dead letters. */
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
    const gone = new AbortController()
    const onClose = () => gone.abort()
    request.raw.socket.once('close', onClose)
    try {
      const signal = AbortSignal.any([gone.signal, closing.signal])
      const messages = await consumer.receive({ ...parse(receiveRequest, request.body), signal })
      if (gone.signal.aborted) await consumer.release(messages.map(({ lease }) => lease))
      return await sendJson(reply, 'messages', messages.map(leased))
    } finally {
      request.raw.socket.off('close', onClose)
    }
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
      dead.map(({ event, diedAt, ...letter }) =>
        withEvent({ ...letter, diedAt: new Date(diedAt).toISOString() }, event),
      ),
    )
  })

  app.post('/queue/dead/redrive', async request => ({
    redriven: await consumer.redrive(parse(redriveRequest, request.body).seqs),
  }))
}

function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input ?? {})
  if (parsed.success) return parsed.data
  throw new BadRequestError(
    parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '),
  )
}

function leased({ lease, attempts, event }: LeasedMessage): Buffer[] {
  return withEvent({ lease, attempts }, event)
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
