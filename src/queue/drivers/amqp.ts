import {
  MessageRefusedError,
  QueueFullError,
  QueueRefusedError,
  QueueUnavailableError,
} from '../../errors.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver, QueueMessage } from '../types.ts'
import { amqpEnvelope } from './amqp-envelope.ts'
import { amqpError, isNack, limitOf } from './amqp-errors.ts'
import { openLink, type AmqpLink } from './amqp-link.ts'
import { amqpSettings } from './amqp-settings.ts'
import { flights, type Flight } from './flights.ts'
import { reconnectDelay } from './reconnect-delay.ts'

/**
 * RabbitMQ: a durable topic exchange and a quorum queue. Confirmed means that a majority of the queue's replicas have the
 * message on disk. Throws ConfigError for a bad QUEUE_URL.
 */
export function createAmqpQueue(options: BrokerOptions): QueueDriver {
  const { timeout, log } = options
  const settings = amqpSettings(options)
  const inFlight = flights({
    timeout,
    onStall: () => onLost(new QueueUnavailableError('RabbitMQ does not answer')),
  })
  /** How many messages of an id were returned and are not confirmed yet. */
  const returned = new Map<string, number>()
  let link: AmqpLink | undefined
  /** The link, while the server takes messages by it; else `trouble` says why not. */
  let usable: AmqpLink | undefined
  let trouble: Error = new QueueUnavailableError('it is not connected')
  let largest = Infinity
  let failures = 0
  let opening: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let ending = new AbortController()

  function connect(): Promise<void> {
    if (link !== undefined && closing === undefined) return Promise.resolve()
    return (opening ??= open().finally(() => (opening = undefined)))
  }

  async function open(): Promise<void> {
    await closing
    clearTimeout(retry)
    const host = settings.hosts[failures % settings.hosts.length] ?? settings.hosts[0]
    const secure = options.url.protocol === 'amqps:'
    const { signal } = ending
    try {
      link = await openLink({ ...options, host, settings, secure, signal, onLost, onBlocked, onReturned })
    } catch (error) {
      failures++
      trouble = amqpError(error)
      throw trouble
    }
    usable = link
    log.info({ queue: settings.queue }, 'connected to RabbitMQ')
  }

  function onLost(cause: unknown): void {
    link?.destroy()
    link = usable = undefined
    returned.clear()
    const limit = limitOf(cause)
    largest = limit ?? largest
    trouble =
      limit === undefined ? amqpError(cause) : new QueueUnavailableError('another message was too large')
    inFlight.failAll(({ bytes }) => tooLarge(bytes) ?? trouble)
    if (closing !== undefined) return
    log.warn({ err: trouble }, 'lost RabbitMQ')
    reconnect()
    failures++
  }

  function reconnect(): void {
    retry = setTimeout(() => void connect().catch(reconnect), reconnectDelay(failures))
  }

  function onBlocked(reason: string | undefined): void {
    usable = reason === undefined ? link : undefined
    if (reason === undefined) return
    trouble = new QueueFullError(`RabbitMQ takes nothing now: ${reason}`)
    inFlight.failAll(() => trouble)
  }

  function onReturned(id: string): void {
    returned.set(id, (returned.get(id) ?? 0) + 1)
  }

  async function publish(message: QueueMessage): Promise<PublishOutcome> {
    const by = usable
    if (by === undefined) throw trouble
    const refused = tooLarge(message.body.length)
    if (refused !== undefined) throw refused
    const flight = inFlight.begin(message.body.length)
    by.channel
      // A copy, since the client writes it once the socket has room, when it may have been given up.
      .basicPublish(amqpEnvelope(settings.exchange, message), Buffer.from(message.body))
      .then(
        // The client tells of a return one turn of the event loop later than of the confirmation that comes after it.
        () => setImmediate(land, flight, message.id),
        (error: unknown) => {
          if (isNack(error) || by !== link) flight.fail(amqpError(error))
          else onLost(error)
        },
      )
    return flight.settled
  }

  function land(flight: Flight, id: string): void {
    const count = returned.get(id)
    if (count === undefined) {
      failures = 0
      return flight.confirm('accepted')
    }
    // Copies of one event are alike: as many of them fail as came back.
    if (count === 1) returned.delete(id)
    else returned.set(id, count - 1)
    flight.fail(
      new QueueRefusedError(`the exchange ${settings.exchange} has no queue for it: bind one with #`),
    )
  }

  function tooLarge(bytes: number): Error | undefined {
    if (bytes > largest)
      return new MessageRefusedError(`it has ${bytes} bytes, and RabbitMQ takes no more than ${largest}`)
  }

  async function end(): Promise<void> {
    ending.abort()
    clearTimeout(retry)
    await opening?.catch(() => {})
    usable = undefined
    trouble = new QueueUnavailableError('it is closed')
    await inFlight.landed()
    await link?.close()
    link = undefined
    ending = new AbortController()
  }

  return {
    name: 'amqp',
    deduplicates: false,
    connect,
    publish,
    health: () => (usable === undefined ? { ok: false, reason: trouble.message } : { ok: true }),
    close: () => (closing ??= end().finally(() => (closing = undefined))),
  }
}
