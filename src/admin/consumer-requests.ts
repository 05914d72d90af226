import { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import { duration } from '../units.ts'

const leases = z
  .array(
    z.string('must be a lease').max(200, 'must be a lease'),
    'must be the list of leases that /queue/receive gave',
  )
  .max(10_000, 'must be 10000 leases at most')

/** `POST /queue/receive`. */
export const receiveRequest = object({
  max: wholeNumber(1, 1000).default(10).describe('At most so many messages'),
  wait: duration
    .prefault('0s')
    .refine(wait => wait <= 60_000, 'must be 60s at most')
    .describe('How long to wait for the first, such as 20s; 60s at most'),
  lease: duration
    .prefault('30s')
    .refine(lease => lease > 0 && lease <= 43_200_000, 'must be more than 0 and 12h at most')
    .describe(
      'How long each is yours, such as 30s; 12h at most. What is not acknowledged by then comes again',
    ),
}).meta({ examples: [{ max: 10, wait: '20s', lease: '30s' }] })

/** `POST /queue/ack`. */
export const ackRequest = object({ leases }).meta({ examples: [{ leases: ['LEASE'] }] })

/** `POST /queue/nack`. */
export const nackRequest = object({
  leases,
  delay: duration
    .prefault('0s')
    .refine(delay => delay <= 43_200_000, 'must be 12h at most')
    .describe('How long the messages stay away, such as 5s; 12h at most'),
  reason: z
    .string('must be a text')
    .max(1000, 'must be 1000 characters at most')
    .describe('What a dead letter says of its end')
    .exactOptional(),
}).meta({ examples: [{ leases: ['LEASE'], delay: '5s' }] })

/** `GET /queue/dead`. */
export const deadQuery = object({
  after: z
    .preprocess(Number, wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .default(0)
    .describe('Begin behind this seq; without it, at the first'),
  limit: z.preprocess(Number, wholeNumber(1, 1000)).default(100).describe('At most so many; without it, 100'),
})

/** `POST /queue/dead/redrive`. */
export const redriveRequest = object({
  seqs: z
    .array(
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
      'must be a list of the numbers that /queue/dead gives as seq',
    )
    .max(10_000, 'must be 10000 numbers at most')
    .describe('The seq of each; without it, all')
    .exactOptional(),
})

/** Checks a body or a query; none at all counts as empty. Throws BadRequestError, which names every bad field. */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input ?? {})
  if (parsed.success) return parsed.data
  throw new BadRequestError(
    parsed.error.issues
      .map(({ path, message }) => `${path.join('.') || 'The request'} ${message}`)
      .join('; '),
  )
}

/** A field that is not known is refused: it is a typing error more often than not. */
function object<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? `has no field ${issue.keys.join(', ')}, only ${Object.keys(shape).join(', ')}`
        : 'must be a JSON object',
  })
}

function wholeNumber(least: number, most: number) {
  const problem = `must be a whole number from ${least} to ${most}`
  return z.int(problem).min(least, problem).max(most, problem)
}
