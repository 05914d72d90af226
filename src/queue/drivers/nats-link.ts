import {
  createInbox,
  NatsConnectionImpl,
  ProtocolHandler,
  setTransportFactory,
  type ConnectionOptions,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/transport-node'
// The package's own `connect` leaves a socket behind when a server does not say a word.
import { nodeResolveHost, NodeTransport } from '@nats-io/transport-node/lib/node_transport.js'
import { QueueRefusedError } from '../../errors.ts'
import type { BrokerOptions } from '../types.ts'
import type { Flight } from './flights.ts'
import type { Host } from './host.ts'
import type { Link, LinkEvents } from './linked-queue.ts'
import { apiError, natsError, NO_STREAM, type ApiError } from './nats-errors.ts'
import { natsHeaders } from './nats-headers.ts'
import type { NatsSettings } from './nats-settings.ts'
import { ensureStream } from './nats-stream.ts'
import { subjectOf } from './nats-subject.ts'

/** In ms. Two pings without an answer end the connection. */
const PING_INTERVAL = 5_000

/** Made by hand, so that it can be cut while it is still connecting. */
const Connection = NatsConnectionImpl as unknown as new (
  options: ConnectionOptions,
) => NatsConnection & { options: ConnectionOptions; protocol: ProtocolHandler }

setTransportFactory({ factory: () => new NodeTransport(), dnsResolveFn: nodeResolveHost })

/** Connects, once, and sees to the stream. Throws errors of ours, or the reason of the signal. */
export async function openNatsLink(
  settings: NatsSettings,
  options: BrokerOptions,
  { host, signal, onLost }: Pick<LinkEvents, 'signal' | 'onLost'> & { host: Host },
): Promise<Link> {
  signal.throwIfAborted()
  const connection = new Connection(connectionOptions(settings, options, host))
  const protocol = new ProtocolHandler(connection.options, connection)
  connection.protocol = protocol
  const { promise: failed, reject } = Promise.withResolvers<never>()
  let tell: (error: Error) => void = reject
  const destroy = () => {
    tell = () => {}
    void connection.close()
    protocol.transport.discard()
  }
  const lost = (error: Error) => {
    const telling = tell
    destroy()
    telling(error)
  }
  signal.addEventListener('abort', () => lost(signal.reason as Error))
  const open = async (): Promise<Link['publish']> => {
    await protocol.dialLoop()
    void connection.closed().then(error => lost(natsError(error)))
    void watch(connection, lost)
    await ensureStream(connection, settings, options)
    const publish = publisher(connection, options, lost)
    tell = onLost
    return publish
  }
  try {
    const publish = await Promise.race([open(), failed])
    return { publish, destroy, close: async () => destroy() }
  } catch (error) {
    destroy()
    throw natsError(error)
  }
}

function connectionOptions(
  { credentials }: NatsSettings,
  { url, timeout, tls }: BrokerOptions,
  { hostname, port }: Host,
): ConnectionOptions {
  return {
    ...credentials,
    servers: [hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`],
    name: 'jelou-receiver',
    timeout,
    // Another link takes its place instead: nothing waits in the client.
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: PING_INTERVAL,
    noAsyncTraces: true,
    // With `host` an address without a name is verified too, instead of `localhost`.
    ...(url.protocol === 'tls:' && { tls: { ...tls, host: hostname } as object }),
  }
}

/** Errors that the server tells without being asked, such as a missing permission. */
async function watch(connection: NatsConnection, lost: (error: Error) => void): Promise<void> {
  for await (const status of connection.status()) if (status.type === 'error') lost(natsError(status.error))
}

function publisher(
  connection: NatsConnection,
  { queueName }: BrokerOptions,
  lost: (error: Error) => void,
): Link['publish'] {
  const inbox = createInbox()
  const waiting = new Map<string, Flight>()
  let sent = 0

  connection.subscribe(`${inbox}.*`, {
    callback(error, reply) {
      // It may hear no more: the client tells of that by its status too.
      if (error) return
      const token = reply.subject.slice(inbox.length + 1)
      const flight = waiting.get(token)
      waiting.delete(token)
      // The server's own answer when nobody listens to a subject.
      if (reply.headers?.code === 503) return lost(new QueueRefusedError(NO_STREAM))
      const answer = reply.json<{ error?: ApiError; duplicate?: boolean }>()
      if (answer.error) flight?.fail(apiError(answer.error))
      else flight?.confirm(answer.duplicate ? 'duplicate' : 'accepted')
    },
  })

  return (message, flight) => {
    const token = String(sent++)
    waiting.set(token, flight)
    try {
      connection.publish(subjectOf(queueName, message), message.body, {
        // All that the client asks of them is their bytes.
        headers: natsHeaders(message) as unknown as MsgHdrs,
        reply: `${inbox}.${token}`,
      })
    } catch (error) {
      waiting.delete(token)
      throw natsError(error)
    }
  }
}
