import { z } from 'zod'
import { queuedEvent } from '../description/queued-event.ts'

const count = z.int().min(0)

/** Of `POST /queue/receive`. */
export const receivedAnswer = z
  .object({
    messages: z.array(
      z.object({
        lease: z.string().meta({ description: 'To acknowledge or return the message with' }),
        attempts: z.int().min(1).meta({ description: 'Deliveries so far, this one included' }),
        event: queuedEvent,
      }),
    ),
  })
  .meta({ description: 'The messages; none when the wait is over' })

/** Of `POST /queue/ack` and `POST /queue/nack`. */
export const settledAnswer = z
  .object({
    settled: count.meta({ description: 'For how many leases it was done' }),
    expired: z.array(z.string()).meta({
      description:
        'Leases that were not held any more: they ran out, and their messages come again, or were settled before',
    }),
  })
  .meta({ description: 'What became of the leases' })

/** Of `GET /queue/dead`. */
export const deadAnswer = z
  .object({
    dead: z.array(
      z.object({
        seq: z.int().min(1).meta({ description: 'To send it again with, and to read on behind it' }),
        attempts: count,
        reason: z.string(),
        diedAt: z.iso.datetime(),
        event: queuedEvent,
      }),
    ),
  })
  .meta({ description: 'Dead letters, in the order of their seq; fewer than the limit when they are large' })

/** Of `POST /queue/dead/redrive`. */
export const redrivenAnswer = z
  .object({ redriven: count })
  .meta({ description: 'How many are back in the queue, at its end' })

/** Of the requests about the registration. */
export const outcomeAnswer = z.object({ outcome: z.string() }).meta({ description: 'What was done' })

/** One refused request, without anything that it carried. */
const rejectedRequest = z.object({
  time: z.iso.datetime(),
  check: z.string().meta({ description: 'The code of the answer', examples: ['ERR_SIGNATURE_INVALID'] }),
  statusCode: z.int(),
  headers: z.array(z.string()).meta({ description: 'Their names; at most 50' }),
  bodyLength: count
    .nullable()
    .meta({ description: 'In bytes: received, or declared; null when neither is known' }),
  bodyHash: z.string().nullable().meta({ description: 'SHA-256 in hex; null when the body was not read' }),
  source: z.string().meta({ description: 'The address of the caller' }),
})

export type RejectedRequest = z.infer<typeof rejectedRequest>

/** Of `GET /rejected`. */
export const rejectedAnswer = z
  .object({ rejected: z.array(rejectedRequest).max(100) })
  .meta({ description: 'The last refused requests to the webhook, newest first' })
