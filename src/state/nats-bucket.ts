import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { addressOf, attempting, settingsOf, type SharedStateOptions, type TlsFiles } from './shared.ts'

const BUCKET = 'jelou-receiver-state'
const CLOSED = 'the connection is closed'

/** The names of the client's errors for wrong credentials and missing permissions, or a server without JetStream. */
const REFUSAL =
  /^(?:AuthorizationError|UserAuthenticationExpiredError|PermissionViolationError|JetStreamNotEnabled)$/

function isRefusal(error: unknown): boolean {
  return error instanceof Error && (REFUSAL.test(error.name) || isRefusal(error.cause))
}

/** Without a host's name the client would have the certificate of an IP address be one for `localhost`. */
function tlsOptions(files: TlsFiles, host: string): Record<string, string> {
  const texts = Object.entries(files).map(([name, file]) => [name, file.toString()])
  return { ...Object.fromEntries(texts), host }
}

/**
 * Opens the bucket, and creates it where it is missing. An attempt fails as soon as the connection is gone. Throws
 * ConfigError, StateUnavailableError and StateRefusedError.
 */
export async function openBucket({ url, timeout, tls, log }: SharedStateOptions) {
  const { host, port, username, password, location } = addressOf(url, 4222)
  settingsOf(url, {})
  const settle = attempting({
    location,
    timeout,
    isRefusal,
  })
  const connecting = connect({
    servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(password === undefined ? username && { token: username } : { user: username ?? '', pass: password }),
    ...(url.protocol === 'tls:' && { tls: tlsOptions(tls, host) }),
    timeout,
    maxReconnectAttempts: -1,
    // Else it gives up for good after two refusals, though the credentials may be put right.
    ignoreAuthErrorAbort: true,
    pingInterval: timeout,
  })
  let isConnected = true
  let isClosing = false
  const inFlight = new Set<(error: Error) => void>()
  const attempt: typeof settle = action =>
    settle(async late => {
      // The client would keep it, and send it at a time when nobody waits for it any more.
      if (!isConnected) throw new Error(CLOSED)
      const { promise, reject } = Promise.withResolvers<never>()
      inFlight.add(reject)
      try {
        return await Promise.race([action(late), promise])
      } finally {
        inFlight.delete(reject)
      }
    })

  function disconnected(): void {
    isConnected = false
    for (const reject of inFlight) reject(new Error(CLOSED))
  }

  async function watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') isConnected = true
      if (type !== 'disconnect') continue
      disconnected()
      if (!isClosing) log.warn({ location }, 'The connection to the kept state is closed')
    }
  }

  async function close(): Promise<void> {
    isClosing = true
    disconnected()
    const connection = await connecting.catch(() => null)
    await connection?.close()
  }

  try {
    const connection = await attempt(() => connecting)
    void watch(connection)
    const kvm = new Kvm(jetstream(connection, { timeout }))
    // Only the leader of the bucket's stream knows the newest revision, so that nothing may be read directly.
    const kv = await attempt(() => kvm.create(BUCKET, { history: 1, allow_direct: false, timeout }))
    return { location, attempt, kv, close }
  } catch (error) {
    await close()
    throw error
  }
}
