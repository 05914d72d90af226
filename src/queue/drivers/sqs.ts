import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { MessageRefusedError, QueueOverloadedError, QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver } from '../types.ts'
import { createSessions, type Lose } from './session.ts'
import { createBatches, type Batches, type Pending } from './sqs-batches.ts'
import { entryOf } from './sqs-entry.ts'
import { entryError, isBusy, queueError, requestError } from './sqs-errors.ts'
import { findQueue, type SqsQueue } from './sqs-queue.ts'
import { sqsSettings } from './sqs-settings.ts'

type Way = { client: SQSClient; url: string; lose: Lose }

const MAX_IN_FLIGHT = 10_000
const MAX_REQUESTS = 16
// Many of one key go ten at a time; the service that takes them is not away meanwhile.
const PATIENCE = 3

/**
 * Publishes to a queue of Amazon SQS, standard or FIFO: `url` is `sqs://REGION`, or the queue's own URL. Throws
 * ConfigError. SQS does not tell an event that a FIFO queue has had already from a new one: it counts as accepted.
 */
export function createSqsQueue(options: BrokerOptions): QueueDriver {
  const { timeout, ensure, tls, log } = options
  const settings = sqsSettings(options)
  const { name, fifo, region, endpoint } = settings
  const inFlight = new Set<Promise<void>>()
  const agent = { keepAlive: true, maxSockets: MAX_REQUESTS }

  const sessions = createSessions<{ queue: SqsQueue; batches: Batches; client: SQSClient }>({
    name: 'SQS',
    log,
    async open(signal, lose) {
      const client = new SQSClient({
        // Whoever publishes tries again.
        maxAttempts: 1,
        useQueueUrlAsEndpoint: false,
        requestHandler: {
          connectionTimeout: timeout,
          requestTimeout: timeout,
          throwOnRequestTimeout: true,
          httpAgent: agent,
          httpsAgent: { ...agent, ...tls },
        },
        ...(region && { region }),
        ...(endpoint && { endpoint }),
      })
      try {
        const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
        const queue = await findQueue(settings, {
          ensure,
          send: command => client.send(command, { abortSignal }),
        })
        const send = (entries: Pending[]) => sendBatch({ client, url: queue.url, lose }, entries)
        return { client, queue, batches: createBatches({ parallel: MAX_REQUESTS, size: queue.batch, send }) }
      } catch (error) {
        client.destroy()
        throw queueError(name, error)
      }
    },
    async end({ client, batches }, error) {
      batches.end(error)
      await Promise.allSettled(inFlight)
      client.destroy()
    },
  })

  async function sendBatch({ client, url, lose }: Way, entries: Pending[]): Promise<void> {
    try {
      const Entries = entries.map(({ entry }, index) => ({ ...entry, Id: String(index) }))
      const command = new SendMessageBatchCommand({ QueueUrl: url, Entries })
      const { Successful = [], Failed = [] } = await client.send(command, {
        abortSignal: AbortSignal.timeout(timeout),
      })
      for (const { Id } of Successful) entries[Number(Id)]?.done()
      for (const failure of Failed) entries[Number(failure.Id)]?.done(entryError(name, failure))
      for (const { done } of entries) done(new QueueUnavailableError('SQS does not answer for every event'))
    } catch (cause) {
      const error = requestError(name, cause, entries.length)
      for (const { done } of entries) done(error)
      if (!isBusy(cause) && !(error instanceof MessageRefusedError)) lose(error)
    }
  }

  return {
    name: 'sqs',
    deduplicates: false,
    connect: sessions.connect,
    async publish(message): Promise<PublishOutcome> {
      const { batches, queue } = sessions.current()
      const entry = entryOf(message, { fifo, limit: queue.limit })
      if (inFlight.size >= MAX_IN_FLIGHT) throw new QueueOverloadedError('SQS confirms too slowly')
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const done = (error?: Error) => (error ? reject(error) : resolve())
      batches.add(message.partitionKey, { ...entry, deadline: performance.now() + PATIENCE * timeout, done })
      inFlight.add(promise)
      try {
        await promise
        return 'accepted'
      } finally {
        inFlight.delete(promise)
      }
    },
    health: sessions.health,
    close: () => sessions.close(() => Promise.allSettled(inFlight)),
  }
}
