import { MessageRefusedError, QueueFullError, QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions, QueueDriver } from '../types.ts'
import { amqpError, limitOf } from './amqp-errors.ts'
import { openAmqpLink } from './amqp-link.ts'
import { amqpSettings } from './amqp-settings.ts'
import { hostAfter } from './host.ts'
import { linkedQueue } from './linked-queue.ts'

/**
 * RabbitMQ: a durable topic exchange and a quorum queue. Confirmed means that a majority of the queue's replicas have the
 * message on disk. Throws ConfigError for a bad QUEUE_URL.
 */
export function createAmqpQueue(options: BrokerOptions): QueueDriver {
  const settings = amqpSettings(options)
  const secure = options.url.protocol === 'amqps:'
  /** The server tells its limit by closing the channel that a larger message came by. */
  let largest = Infinity
  const tooLarge = (bytes: number): Error | undefined =>
    bytes > largest
      ? new MessageRefusedError(`it has ${bytes} bytes, and RabbitMQ takes no more than ${largest}`)
      : undefined

  return linkedQueue({
    name: 'amqp',
    deduplicates: false,
    timeout: options.timeout,
    log: options.log,
    async open({ signal, failures, onLost, onBlocked }) {
      try {
        return await openAmqpLink({
          ...options,
          settings,
          secure,
          host: hostAfter(failures, settings.hosts),
          signal,
          tooLarge,
          onLost(cause) {
            const limit = limitOf(cause)
            largest = limit ?? largest
            const error =
              limit === undefined
                ? amqpError(cause)
                : new QueueUnavailableError('another event was too large')
            onLost(error, ({ bytes }) => tooLarge(bytes) ?? error)
          },
          onBlocked: reason =>
            onBlocked(reason === undefined ? undefined : new QueueFullError(`RabbitMQ says ${reason}`)),
        })
      } catch (error) {
        throw amqpError(error)
      }
    },
  })
}
