import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'
import { Refused } from '../../src/http/refused.ts'
import { createHttpServer, HTTP_LIMITS, type HttpLimits } from '../../src/http/server.ts'

export const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** A connection as a client without manners has it. */
export type Client = {
  socket: Socket
  /** All that came, as latin1. */
  received: () => string
  /** Resolves once the other side has ended or reset it. */
  closed: Promise<void>
  /** Resolves once this has come. */
  until: (pattern: RegExp) => Promise<void>
}

/** Connects, and writes these bytes (latin1). */
export function open(t: Test, port: number, bytes = ''): Client {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.on('data', chunk => (text += chunk))
  // A reset is an end as well.
  socket.on('error', () => {})
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  t.teardown(() => socket.destroy())
  socket.write(bytes, 'latin1')
  return {
    socket,
    received: () => text,
    closed,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (socket.destroyed) throw new Error(`closed after: ${text}`)
        await new Promise<void>(resolve => {
          socket.once('data', () => resolve())
          socket.once('close', () => resolve())
        })
      }
    },
  }
}

/** A server with these limits, for as long as the test lasts. Its handler gets what is sound; as it is, it answers `fine`. */
export async function startServer(
  t: Test,
  limits: Partial<HttpLimits> = {},
  handler: RequestListener = (_request, response) => response.end('fine'),
) {
  const refused = new Refused()
  const server = createHttpServer({ ...HTTP_LIMITS, ...limits }, handler, refused)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    server,
    port,
    /** What was refused since the start, by why; nothing that never was. */
    refused: () => Object.fromEntries(Object.entries(refused.counts).filter(([, count]) => count > 0)),
    open: (bytes?: string) => open(t, port, bytes),
    /** The whole answer to bytes after which the server ends the connection. */
    answer: async (bytes: string): Promise<string> => {
      const client = open(t, port, bytes)
      await client.closed
      return client.received()
    },
  }
}
