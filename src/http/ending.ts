import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { connectionOf, type Connection } from './connections.ts'

/** How long a connection is still listened to after its last answer, in ms, and for how many bytes. */
const LINGER = 1_000
const MOST_READ = 1_048_576

/**
 * Ends a connection after its last answer (`answer`: written before that). It is not closed at once, because the other side may still be sending: the
 * system would then reset it, and the other side lose the answer (RFC 9112, 9.6). What comes meanwhile is thrown away, and is bounded.
 */
export function endGently(socket: Socket, connection: Connection, answer?: string): void {
  connection.isEnding = true
  if (answer === undefined) socket.end()
  else socket.end(answer)
  const cut = setTimeout(() => socket.destroy(), LINGER)
  socket.once('close', () => clearTimeout(cut))
  // Nobody is to read it as HTTP, and to close again what is closed.
  socket.removeAllListeners('data').removeAllListeners('end')
  let read = 0
  socket.on('data', ({ length }) => {
    read += length
    if (read > MOST_READ) socket.destroy()
  })
}

/** A body of this length is read and thrown away rather than ending the connection. */
const SHORT = 65_536

/** Whether the answer to a request comes before its body, and that is not to be waited for: it may be long, or never come. */
export function leavesBodyUnread({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false
  return (
    headers['transfer-encoding'] !== undefined ||
    headers.expect !== undefined ||
    Number(headers['content-length']) > SHORT
  )
}

/** Has the connection of a request end gently once that is answered, however much of its body is still to come. */
export function endAfterAnswer({ socket }: IncomingMessage): void {
  const connection = connectionOf(socket)
  connection.isEnding = true
  // Node calls this when the answer that says `connection: close` is written.
  socket.destroySoon = () => endGently(socket, connection)
}
