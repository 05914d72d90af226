import { z } from 'zod'
import { queueFiguresAnswer } from './queue-figures.ts'

const count = z.int().min(0)
const counts = z.record(z.string(), count)
const moment = z.int().nullable().meta({ description: 'In ms since the epoch' })
const problem = z.string().nullable()

/** The phases of the registration, each by its name. */
export const registrationPhase = z.enum([
  'starting',
  'registered',
  'degraded',
  'conflict',
  'secret_lost',
  'unregistered',
  'static',
])

const registration = z.object({
  phase: registrationPhase,
  webhookUrl: z.string(),
  authType: z.enum(['bearer', 'api_key', 'basic', 'no_auth']),
  secretAgeSeconds: z.number().nullable().meta({ description: 'Of the signing secret in use' }),
  previousSecrets: count.meta({ description: 'Secrets before it that still verify' }),
  lastReconciledAt: moment,
  lastOutcome: z.string().nullable(),
  lastError: problem,
  reconciles: counts.meta({ description: 'How comparisons with Jelou ended' }),
  state: z
    .object({ shared: z.boolean(), replicas: count, lastError: problem })
    .meta({ description: 'The kept state' }),
  integrationId: z.string().exactOptional(),
})

const spool = z.object({
  breaker: z
    .enum(['closed', 'open', 'half-open'])
    .meta({ description: 'closed: events go to the broker; open: they are kept here; half-open: one tries' }),
  reason: problem.meta({ description: 'Why the broker is away' }),
  since: moment,
  spooled: count,
  drained: count,
  inFlight: count,
  remembering: z.boolean().meta({ description: 'Whether repeated events are recognised' }),
})

/** Of `GET /status`. Nothing in it is secret. */
export const statusAnswer = z
  .object({
    status: z.enum(['ready', 'not ready']),
    checks: z.record(z.string(), z.string()).meta({ description: '`ok`, or what is wrong' }),
    warnings: z.record(z.string(), z.string()).meta({
      description: 'What is to be seen to although events are taken: about what, and what was found',
    }),
    uptimeSeconds: z.number(),
    registration,
    queue: z.object({
      driver: z.string(),
      // The figures of the spool only with a broker; none at all while the queue cannot be asked.
      ...spool.exactPartial().shape,
      ...queueFiguresAnswer.exactPartial().shape,
    }),
    events: z.object({
      accepted: count,
      duplicate: count,
      refused: counts.meta({ description: 'By the code of the answer' }),
    }),
  })
  .meta({ description: 'What the service is doing' })

export type StatusAnswer = z.infer<typeof statusAnswer>
