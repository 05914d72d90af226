import { Queue, type JobJson, type JobsOptions, type RedisQueueBackend } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { traceHeadersOf } from '../attributes.ts'
import { settingsOf, wholeNumber } from '../settings.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver, QueueMessage } from '../types.ts'
import { createRedisDriver } from './redis-driver.ts'
import { failureOf, type Failure } from './redis-failure.ts'

/** As BullMQ has it: all, none, or so many of the latest. */
const kept = z
  .union(
    [z.literal('true'), z.literal('false'), wholeNumber(1, 1e9)],
    'must be true, false or a whole number',
  )
  .transform(value => (typeof value === 'number' ? value : value === 'true'))

const SETTINGS = {
  prefix: z
    .string()
    .regex(/^[\w.{}:-]{1,100}$/, 'must be 1 to 100 letters, digits or . _ - : { }')
    .default('bull'),
  attempts: wholeNumber(1, 1_000_000).default(5),
  backoff: wholeNumber(0, 86_400_000).default(1_000),
  removeOnComplete: kept.default(1_000),
  removeOnFail: kept.default(false),
}

/** What a job is that nothing has happened to yet. */
const NEW_JOB = { progress: 0, attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0 } as const
const NOTHING_YET = { failedReason: '', returnvalue: '' } as const

/**
 * Jobs of BullMQ: the id is the event's, the name its type, the data its CloudEvents JSON, byte for byte. BullMQ's own
 * scripts add them, so that its workers find what they expect. Throws ConfigError for a wrong URL or setting.
 */
export function createBullmqQueue(options: BrokerOptions): QueueDriver {
  const { queueName, ensure } = options
  const { prefix, backoff, ...jobOptions } = settingsOf(options.url, SETTINGS)
  const defaults: JobsOptions = {
    ...jobOptions,
    ...(backoff > 0 && { backoff: { type: 'exponential', delay: backoff } }),
  }
  const ttl = Math.ceil(options.dedupeWindow)
  const missing: Failure = {
    kind: 'refused',
    reason: `there is no BullMQ queue ${prefix}:${queueName}, and QUEUE_ENSURE is off: start a worker for it, or let this service create it`,
  }
  let backend: RedisQueueBackend | undefined
  let user: Redis | undefined

  /** BullMQ's own way to a queue over our connection, which it neither opens nor closes. */
  async function backendOn(client: Redis): Promise<RedisQueueBackend> {
    if (backend !== undefined && user === client) return backend
    const queue = new Queue(queueName, {
      connection: client,
      prefix,
      skipVersionCheck: true,
      skipMetasUpdate: true,
      skipWaitingForReady: true,
    })
    // The connection's errors are the connection's.
    queue.on('error', () => {})
    await queue.waitUntilReady()
    backend = queue.getBackend()
    user = client
    return backend
  }

  function jobOf({ id, type, attributes, body }: QueueMessage): JobJson {
    const trace = traceHeadersOf(attributes)
    return {
      ...NEW_JOB,
      ...NOTHING_YET,
      id,
      name: type,
      // What BullMQ would make with JSON.stringify: the JSON text that it stores.
      data: body.toString(),
      timestamp: Date.now(),
      ...(ttl > 0 && { deduplicationId: id }),
      opts: {
        ...defaults,
        jobId: id,
        ...(ttl > 0 && { deduplication: { id, ttl } }),
        // As bullmq-otel, which brings OpenTelemetry to BullMQ's workers, writes and reads it.
        ...(trace.length > 0 && { telemetry: { metadata: JSON.stringify(Object.fromEntries(trace)) } }),
      },
    }
  }

  return createRedisDriver(options, {
    name: 'bullmq',
    deduplicates: true,
    async prepare(client: Redis) {
      const meta = (await backendOn(client)).toKey('meta')
      // What each of BullMQ's own Queues writes.
      if (ensure) await client.hsetnx(meta, 'opts.maxLenEvents', 10_000)
      return (await client.exists(meta)) === 0 ? missing : undefined
    },
    async store(client: Redis, messages: QueueMessage[]) {
      const redis = await backendOn(client)
      const keysOf = ({ id }: QueueMessage) => [redis.toKey(id), `${redis.toKey('de')}:${id}`]
      const keys = messages.flatMap(keysOf)
      // One step for all replicas. BullMQ's script does not tell whether it had the job already, so that is asked before.
      const transaction = (await redis.client).multi()
      transaction.runCommand('eval', [KNOWN, keys.length, ...keys])
      const jobs = messages.map(message => redis.addJobToTransaction(transaction, jobOf(message), message.id))
      await Promise.all(jobs)
      const { outcomes, halves } = resultOf(messages, (await transaction.exec()) as Answer[])
      if (halves.length > 0) await client.del(halves.flatMap(keysOf))
      return outcomes
    },
  })
}

type Answer = [error: Error | null, value?: unknown]

/** Which jobs there are, or were: two keys for each. */
const KNOWN = `
local known = {}
for i = 2, #KEYS, 2 do
  known[i / 2] = redis.call('EXISTS', KEYS[i - 1], KEYS[i])
end
return known`

/**
 * What became of each message, and whose jobs may be half made: where BullMQ's script breaks off after its first writes, as over
 * a list that is something else or a command that the user may not use, nothing is rolled back, and a job that no list has would make its
 * event a duplicate for ever. A job that was there before is whole.
 */
function resultOf(messages: QueueMessage[], [known, ...added]: (Answer | undefined)[]) {
  const counts = known?.[1] as number[] | undefined
  const first = new Map<string, PublishOutcome | Failure>()
  const halves: QueueMessage[] = []
  const outcomes = messages.map((message, index): PublishOutcome | Failure => {
    const before = first.get(message.id)
    if (before !== undefined) return before === 'accepted' ? 'duplicate' : before
    const error = known?.[0] ?? added[index]?.[0]
    const isNew = counts?.[index] === 0
    if (isNew && error !== null) halves.push(message)
    const outcome = error !== null ? failureOf(error) : isNew ? 'accepted' : 'duplicate'
    first.set(message.id, outcome)
    return outcome
  })
  return { outcomes, halves }
}
