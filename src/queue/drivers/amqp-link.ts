import { Connection, type Channel, type ConnectionOptions } from 'rabbitmq-client'
import { QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions } from '../types.ts'
import type { AmqpSettings, Host } from './amqp-settings.ts'

/** A connection with a channel that confirms, until it is lost. */
export type AmqpLink = {
  channel: Channel
  /** Ends it as the protocol says, and at once after `timeout`. */
  close: () => Promise<void>
  /** Cuts it; nobody is told. */
  destroy: () => void
}

export type LinkOptions = Pick<BrokerOptions, 'ensure' | 'timeout' | 'tls'> & {
  host: Host
  secure: boolean
  settings: AmqpSettings
  /** Ends the try. */
  signal: AbortSignal
  /** The link is lost, for a reason that the client gives; once. */
  onLost: (cause: unknown) => void
  /** The server takes nothing now, for this reason; undefined when it does again. */
  onBlocked: (reason: string | undefined) => void
  /** A message could not be routed to any queue. Comes before its confirmation. */
  onReturned: (messageId: string) => void
}

/** Connects, once, and sees to exchange and queue. Throws what the client throws, or QueueUnavailableError when it is late. */
export async function openLink(options: LinkOptions): Promise<AmqpLink> {
  const { timeout, signal } = options
  signal.throwIfAborted()
  // It is never let reconnect by itself: it would tell the reason only once, and is not to be hurried.
  const connection = new Connection(connectionOptions(options))
  let told: (cause: unknown) => void
  const destroy = () => {
    told = () => {}
    connection.unsafeDestroy()
  }
  const lost = (cause: unknown) => {
    const tell = told
    destroy()
    tell(cause)
  }
  const { promise: failed, reject } = Promise.withResolvers<never>()
  told = reject
  const late = setTimeout(lost, timeout, new QueueUnavailableError(`no connection within ${timeout} ms`))
  const abort = () => lost(new QueueUnavailableError('it is closed'))
  signal.addEventListener('abort', abort)
  connection.on('error', lost)
  try {
    const channel = await Promise.race([openChannel(connection, options, lost), failed])
    told = options.onLost
    return { channel, destroy, close: () => close(connection, channel, { timeout, destroy }) }
  } catch (error) {
    destroy()
    throw error
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', abort)
  }
}

function connectionOptions({ host, secure, settings, tls, timeout }: LinkOptions): ConnectionOptions {
  return {
    ...host,
    username: settings.username,
    password: settings.password,
    vhost: settings.vhost,
    heartbeat: settings.heartbeat,
    // The whole try has one limit, which is ours.
    connectionTimeout: 0,
    acquireTimeout: timeout * 2,
    connectionName: 'jelou-receiver',
    noDelay: true,
    ...(secure && { tls: { ...tls, rejectUnauthorized: true } }),
  }
}

async function openChannel(
  connection: Connection,
  { ensure, settings, onBlocked, onReturned }: LinkOptions,
  lost: (cause: unknown) => void,
): Promise<Channel> {
  connection.on('connection.blocked', onBlocked)
  connection.on('connection.unblocked', () => onBlocked(undefined))
  const channel = await connection.acquire({ emitErrorsFromChannel: true })
  channel.on('error', lost)
  channel.on('basic.return', ({ messageId }) => onReturned(String(messageId)))
  // The reason comes by another way, and before.
  channel.on('close', () => setImmediate(lost, new QueueUnavailableError('the channel is closed')))
  const { exchange, queue } = settings
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true, passive: !ensure })
  await channel.queueDeclare({ queue, durable: true, passive: !ensure, arguments: settings.queueArguments })
  if (ensure) await channel.queueBind({ exchange, queue, routingKey: '#' })
  await channel.confirmSelect()
  return channel
}

async function close(
  connection: Connection,
  channel: Channel,
  { timeout, destroy }: { timeout: number; destroy: () => void },
): Promise<void> {
  const late = setTimeout(destroy, timeout)
  await channel.close()
  await connection.close()
  clearTimeout(late)
  destroy()
}
