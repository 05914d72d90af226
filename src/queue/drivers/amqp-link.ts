import type { Socket } from 'node:net'
import { Connection, type Channel, type ConnectionOptions } from 'rabbitmq-client'
import { QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions, QueueMessage } from '../types.ts'
import { amqpEnvelope } from './amqp-envelope.ts'
import { amqpError, isNack } from './amqp-errors.ts'
import type { AmqpSettings } from './amqp-settings.ts'
import type { Flight } from './flights.ts'
import type { Host } from './host.ts'
import type { Link } from './linked-queue.ts'

type AmqpLinkOptions = Pick<BrokerOptions, 'ensure' | 'timeout' | 'tls'> & {
  host: Host
  secure: boolean
  settings: AmqpSettings
  /** Ends the try. */
  signal: AbortSignal
  /** Why a body of so many bytes cannot be sent; undefined when it can. */
  tooLarge: (bytes: number) => Error | undefined
  /** The link is lost, for a reason that the client gives; once. */
  onLost: (cause: unknown) => void
  /** The server takes nothing now, for this reason; undefined when it does again. */
  onBlocked: (reason: string | undefined) => void
}

/** Far more than the client lets a server send at a time, in bytes. */
const LARGEST_FRAME = 16 * 1024 * 1024

/** Connects, once, and sees to exchange and queue. Throws what the client throws, or the reason of the signal. */
export async function openAmqpLink(options: AmqpLinkOptions): Promise<Link> {
  const { timeout, signal } = options
  signal.throwIfAborted()
  // It is never let reconnect by itself: it would tell the reason only once, and is not to be hurried.
  const connection = new Connection(connectionOptions(options))
  const socket: Socket = Reflect.get(connection, '_socket')
  refuseHugeFrames(socket)
  const { promise: failed, reject } = Promise.withResolvers<never>()
  let tell: (cause: unknown) => void = reject
  const destroy = () => {
    tell = () => {}
    connection.unsafeDestroy()
  }
  const lost = (cause: unknown) => {
    const telling = tell
    destroy()
    telling(cause)
  }
  signal.addEventListener('abort', () => lost(signal.reason))
  connection.on('error', lost)
  const open = async () => {
    const channel = await openChannel(connection, options, lost)
    tell = options.onLost
    return channel
  }
  try {
    const channel = await Promise.race([open(), failed])
    return {
      publish: publisher(channel, gatherer(socket), options, lost),
      destroy,
      async close() {
        const forced = setTimeout(destroy, timeout)
        await channel.close()
        await connection.close()
        clearTimeout(forced)
        destroy()
      },
    }
  } catch (error) {
    destroy()
    throw error
  }
}

/**
 * The client asks its socket for as many bytes as the head of a frame says, outside of everything that could catch an error:
 * bytes that are no AMQP would ask for more than a buffer can have, and end the process.
 */
function refuseHugeFrames(socket: Socket): void {
  const read = socket.read.bind(socket)
  socket.read = (size?: number): unknown => {
    if (size === undefined || size <= LARGEST_FRAME) return read(size)
    socket.destroy(new Error(`it sends a frame of ${size} bytes, which is no AMQP`))
    return null
  }
}

/** Has what is published together sent together: the client would send each message by itself. */
function gatherer(socket: Socket): () => void {
  let isGathering = false
  return () => {
    if (isGathering) return
    isGathering = true
    socket.cork()
    process.nextTick(() => {
      isGathering = false
      socket.uncork()
    })
  }
}

function connectionOptions({ host, secure, settings, tls, timeout }: AmqpLinkOptions): ConnectionOptions {
  return {
    ...host,
    username: settings.username,
    password: settings.password,
    vhost: settings.vhost,
    heartbeat: settings.heartbeat,
    // The signal ends the whole try.
    connectionTimeout: 0,
    acquireTimeout: timeout * 2,
    connectionName: 'jelou-receiver',
    noDelay: true,
    ...(secure && { tls: { ...tls, rejectUnauthorized: true } }),
  }
}

async function openChannel(
  connection: Connection,
  { ensure, settings, onBlocked }: AmqpLinkOptions,
  lost: (cause: unknown) => void,
): Promise<Channel> {
  connection.on('connection.blocked', onBlocked)
  connection.on('connection.unblocked', () => onBlocked(undefined))
  const channel = await connection.acquire({ emitErrorsFromChannel: true })
  channel.on('error', lost)
  // When there is a reason for it, that comes by another way, and before.
  channel.on('close', () => setImmediate(lost, new QueueUnavailableError('the channel is closed')))
  const { exchange, queue } = settings
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true, passive: !ensure })
  await channel.queueDeclare({ queue, durable: true, passive: !ensure, arguments: settings.queueArguments })
  if (ensure) await channel.queueBind({ exchange, queue, routingKey: '#' })
  await channel.confirmSelect()
  return channel
}

function publisher(
  channel: Channel,
  gather: () => void,
  { ensure, settings: { exchange }, tooLarge }: AmqpLinkOptions,
  lost: (cause: unknown) => void,
): Link['publish'] {
  /** The ids of what came back and is not confirmed yet. Copies of one event are alike: as many fail as came back. */
  const returned: string[] = []
  channel.on('basic.return', ({ messageId }) => returned.push(String(messageId)))

  function land(flight: Flight, id: string): void {
    const index = returned.indexOf(id)
    if (index === -1) return flight.confirm('accepted')
    returned.splice(index, 1)
    const error = new QueueRefusedError(
      `the exchange ${exchange} has no queue for the event: bind one with #`,
    )
    flight.fail(error)
    // The next link makes what is missing.
    if (ensure) lost(error)
  }

  return (message: QueueMessage, flight) => {
    const refused = tooLarge(flight.bytes)
    if (refused !== undefined) throw refused
    gather()
    // A copy, since the client writes it once the socket has room, when it may have been given up.
    channel.basicPublish(amqpEnvelope(exchange, message), Buffer.from(message.body)).then(
      // The client tells of a return one turn of the event loop later than of the confirmation that comes after it.
      () => setImmediate(land, flight, message.id),
      (error: unknown) => (isNack(error) ? flight.fail(amqpError(error)) : lost(error)),
    )
  }
}
