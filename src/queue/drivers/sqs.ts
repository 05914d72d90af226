import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { MessageRefusedError, QueueUnavailableError } from '../../errors.ts'
import { Deadlines } from '../deadlines.ts'
import type { BrokerOptions, QueueDriver } from '../types.ts'
import { linkedQueue } from './linked-queue.ts'
import { createBatches, type Pending } from './sqs-batches.ts'
import { entryOf } from './sqs-entry.ts'
import { entryError, isBusy, queueError, requestError } from './sqs-errors.ts'
import { findQueue } from './sqs-queue.ts'
import { sqsSettings } from './sqs-settings.ts'

/** Where entries are sent. `lose` is told of an error that says that SQS is away. */
type Way = { client: SQSClient; url: string; lose: (error: Error) => void }

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
  const agent = { keepAlive: true, maxSockets: MAX_REQUESTS }
  const patience = PATIENCE * timeout
  const deadlines = new Deadlines<AbortController>(timeout, ending => ending.abort())

  async function sendBatch({ client, url, lose }: Way, entries: Pending[]): Promise<void> {
    const ending = new AbortController()
    deadlines.add(ending)
    try {
      const Entries = entries.map(({ entry }, index) => ({ ...entry, Id: String(index) }))
      const command = new SendMessageBatchCommand({ QueueUrl: url, Entries })
      const { Successful = [], Failed = [] } = await client.send(command, {
        abortSignal: ending.signal,
      })
      for (const { Id } of Successful) entries[Number(Id)]?.done()
      for (const failure of Failed) entries[Number(failure.Id)]?.done(entryError(name, failure))
      for (const { done } of entries) done(new QueueUnavailableError('SQS does not answer for every event'))
    } catch (cause) {
      const error = ending.signal.aborted
        ? new QueueUnavailableError(`SQS does not answer within ${timeout} ms`, { cause })
        : requestError(name, cause, entries.length)
      for (const { done } of entries) done(error)
      if (!isBusy(cause) && !(error instanceof MessageRefusedError)) lose(error)
    } finally {
      deadlines.delete(ending)
    }
  }

  return linkedQueue({
    name: 'sqs',
    deduplicates: false,
    timeout,
    log,
    patience,
    // Each request has its own time, and those that fail say what is lost.
    watchesItself: true,
    async open({ signal, onLost }) {
      const client = new SQSClient({
        // Whoever publishes tries again.
        maxAttempts: 1,
        useQueueUrlAsEndpoint: false,
        requestHandler: {
          connectionTimeout: timeout,
          httpAgent: agent,
          httpsAgent: { ...agent, ...tls },
        },
        ...(region && { region }),
        ...(endpoint && { endpoint }),
      })
      try {
        const { url, limit, batch } = await findQueue(settings, {
          ensure,
          send: command => client.send(command, { abortSignal: signal }),
        })
        const requests = new Set<Promise<void>>()
        const batches = createBatches({
          parallel: MAX_REQUESTS,
          size: batch,
          send(entries) {
            const request = sendBatch({ client, url, lose }, entries).finally(() => requests.delete(request))
            requests.add(request)
            return request
          },
        })
        const lose = (error: Error) => {
          batches.end(error)
          // What is on its way to SQS may arrive, and comes to its own end.
          onLost(error, () => undefined)
        }
        const close = async () => {
          await Promise.allSettled(requests)
          client.destroy()
        }
        return {
          publish(message, flight) {
            const entry = entryOf(message, { fifo, limit })
            const done = (error?: Error) => (error ? flight.fail(error) : flight.confirm('accepted'))
            batches.add(message.partitionKey, { ...entry, deadline: performance.now() + patience, done })
          },
          close,
          destroy: () => void close(),
        }
      } catch (error) {
        client.destroy()
        throw queueError(name, error)
      }
    },
  })
}
