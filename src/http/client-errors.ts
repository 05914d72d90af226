import type { Socket } from 'node:net'
import {
  BodyTooLargeError,
  HeadersTooLargeError,
  MalformedRequestError,
  RequestTimeoutError,
} from '../errors.ts'
import { connectionOf, type Connection, type Exchange } from './connections.ts'
import { cutWhenTooMuch, endGently } from './ending.ts'
import { rawAnswer } from './raw-answer.ts'

const KINDS: Record<string, () => Error> = {
  ERR_HTTP_REQUEST_TIMEOUT: () => new RequestTimeoutError(),
  HPE_HEADER_OVERFLOW: () => new HeadersTooLargeError(),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () => new BodyTooLargeError(),
}

/**
 * Answers what Node's parser refuses, and requests that take too long, in this service's terms and without a word of what
 * came: Node's error holds the bytes themselves, so it goes into no log either.
 */
export function answerClientError({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  const connection = connectionOf(socket)
  // Who said nothing is told nothing: a proxy that opened it in advance would take it for the answer to its next request.
  if (connection === undefined || !socket.writable || socket.bytesRead === 0) return void socket.destroy()
  if (connection.endingAt !== undefined) return cutWhenTooMuch(socket, connection.endingAt)
  refuse(socket, connection, KINDS[code]?.() ?? new MalformedRequestError())
}

/**
 * Writes the last answer of a connection: behind those to the requests before, which would else be taken for it, and not at all when
 * the request that broke was answered already, while its body came.
 */
export function refuse(
  socket: Socket,
  connection: Connection,
  refusal: Error,
  headers?: Record<string, string>,
): void {
  connection.endingAt = socket.bytesRead
  const { last, open } = connection
  if (last && !last.request.complete && last.response.headersSent) return void socket.destroy()
  const before = [...open].filter(({ request }) => request.complete)
  void allAnswered(before).then(() => endGently(socket, connection, rawAnswer(refusal, headers)))
}

async function allAnswered(exchanges: readonly Exchange[]): Promise<void> {
  await Promise.all(
    exchanges.map(({ response }) => new Promise<void>(resolve => response.once('close', resolve))),
  )
}
