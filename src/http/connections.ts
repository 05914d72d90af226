import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Refused } from './refused.ts'

/** One request, and its answer. */
export type Exchange = { request: IncomingMessage; response: ServerResponse }

/** What is known of an open connection. */
export type Connection = {
  /** What is not answered yet, in the order in which it came (pipelining). */
  readonly open: Set<Exchange>
  /** The exchange that began last, answered or not. */
  last: Exchange | undefined
  /** It is about to be ended: what still comes is not taken. */
  isEnding: boolean
  /** Those among which it is: looked up in both, ten thousand silent ones would cost every answer on another. */
  among: Map<Socket, Connection>
}

const CONNECTIONS = new WeakMap<Socket, Connection>()

/** Stands for what is closed, or none of a listener. */
const NONE: Connection = { open: new Set(), last: undefined, isEnding: true, among: new Map() }

export function connectionOf(socket: Socket): Connection {
  return CONNECTIONS.get(socket) ?? NONE
}

/**
 * Whether something has come that was not read yet. To be asked when a time is over: a process that was stopped, or starved, finds
 * its timers due before it has read what came meanwhile.
 */
export async function readsMore(socket: Socket): Promise<boolean> {
  const { bytesRead } = socket
  await setImmediate()
  return socket.bytesRead > bytesRead
}

/** Resolves once all these are answered, or their connection is closed. */
export async function allAnswered(exchanges: readonly Exchange[]): Promise<void> {
  await Promise.all(
    exchanges.map(({ response }) => new Promise<void>(resolve => response.once('close', resolve))),
  )
}

/** Resolves once what came before a request on its connection is answered: what is written then stands in its place. */
export async function turnOf(request: IncomingMessage): Promise<void> {
  const open = [...connectionOf(request.socket).open]
  await allAnswered(
    open.slice(
      0,
      Math.max(
        0,
        open.findIndex(exchange => exchange.request === request),
      ),
    ),
  )
}

/**
 * The connections of a listener, no more than `most`. One too many is not turned away, because then whoever opens connections
 * and leaves them would keep everybody out: it takes the place of the one that was longest waited for, first among those on
 * which no answer was ever given. What is being answered is let be.
 */
export class Connections {
  /** Both in the order of their last answer, or of their beginning. */
  readonly #unanswered = new Map<Socket, Connection>()
  readonly #answered = new Map<Socket, Connection>()
  readonly #most: number
  readonly #refused: Refused

  constructor(most: number, refused: Refused) {
    this.#most = most
    this.#refused = refused
  }

  /** Notes a connection, for as long as it is open. */
  add(socket: Socket): void {
    // Asked now, Node remembers it: when a request has broken off, nobody can tell any more from where it came. A connection that
    // was reset before it was taken came from nowhere, and there is nobody to answer.
    if (socket.remoteAddress === undefined) return void socket.destroy()
    if (this.#unanswered.size + this.#answered.size >= this.#most) {
      this.#refused.cut('crowded')
      if (!this.#makeRoom()) return void socket.destroy()
    }
    const among = this.#unanswered
    const connection: Connection = { open: new Set(), last: undefined, isEnding: false, among }
    CONNECTIONS.set(socket, connection)
    among.set(socket, connection)
    socket.once('close', () => {
      CONNECTIONS.delete(socket)
      connection.among.delete(socket)
    })
  }

  /** Notes a request whose headers are read. False when it comes behind the last of its connection, and is not to be answered. */
  begin(exchange: Exchange): boolean {
    const { socket } = exchange.request
    const connection = connectionOf(socket)
    if (connection.isEnding || connection.last?.response.shouldKeepAlive === false) return false
    connection.last = exchange
    connection.open.add(exchange)
    exchange.response.once('close', () => {
      connection.open.delete(exchange)
      // Not when the connection was closed meanwhile.
      if (!connection.among.delete(socket)) return
      connection.among = this.#answered
      this.#answered.set(socket, connection)
    })
    return true
  }

  /** Closes those on which nothing came yet. */
  closeSilent(): void {
    for (const socket of this.#unanswered.keys()) if (socket.bytesRead === 0) socket.destroy()
  }

  /** False when every connection is being answered. */
  #makeRoom(): boolean {
    for (const sockets of [this.#unanswered, this.#answered]) {
      for (const [socket, { open }] of sockets) {
        if ([...open].some(({ request }) => request.complete)) continue
        sockets.delete(socket)
        socket.destroy()
        return true
      }
    }
    return false
  }
}
