import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { FastifyError } from '@fastify/error'
import {
  BodyTooLargeError,
  HeadersTooLargeError,
  MalformedRequestError,
  RequestTimeoutError,
} from '../errors.ts'
import { allAnswered, connectionOf, readsMore } from './connections.ts'
import { endGently } from './ending.ts'
import { rawAnswer } from './raw-answer.ts'
import type { Refused } from './refused.ts'

const KINDS: Record<string, () => FastifyError> = {
  ERR_HTTP_REQUEST_TIMEOUT: () => new RequestTimeoutError(),
  HPE_HEADER_OVERFLOW: () => new HeadersTooLargeError(),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () => new BodyTooLargeError(),
}

/**
 * Answers what Node's parser refuses, and requests that take too long, in this service's terms and without a word of what
 * came: Node's error holds the bytes themselves, so it goes into no log either.
 */
export async function answerClientError(
  { code = '' }: NodeJS.ErrnoException,
  socket: Socket,
  refused: Refused,
): Promise<void> {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && !(await isLate(socket))) return
  // It was not cut here: a balancer that only looks whether somebody listens resets its connections.
  if (socket.destroyed) return
  // Who said nothing is told nothing: a proxy that opened it in advance would take it for the answer to its next request.
  if (socket.bytesRead === 0) {
    refused.cut('silent')
    return void socket.destroy()
  }
  // What comes behind the last answer is not answered.
  if (!connectionOf(socket).isEnding)
    await refuse(socket, refused, KINDS[code]?.() ?? new MalformedRequestError())
}

/** Who sends the first byte only now has all its time before it; of the others the whole request has to have come. */
async function isLate(socket: Socket): Promise<boolean> {
  const connection = connectionOf(socket)
  const isNew = socket.bytesRead === 0
  const earlier = connection.last?.request.complete ? connection.last : undefined
  if (!(await readsMore(socket))) return true
  return !isNew && (connection.last === earlier || !connection.last?.request.complete)
}

/**
 * Writes the last answer of a connection: behind those to the requests before, which would else be taken for it, and not at all when
 * the request that broke has its answer already, as one that is refused by its headers while its body comes.
 */
export async function refuse(
  socket: Socket,
  refused: Refused,
  refusal: FastifyError,
  headers?: Record<string, string>,
): Promise<void> {
  const connection = connectionOf(socket)
  connection.isEnding = true
  const { last, open } = connection
  await allAnswered([...open].filter(({ request }) => request.complete))
  // Its headers were read in the same packet, perhaps, and are still being looked at.
  await setImmediate()
  if (last && !last.request.complete && last.response.headersSent) endGently(socket, connection)
  else if (socket.writable) {
    refused.answered(refusal)
    endGently(socket, connection, rawAnswer(refusal, headers))
  }
}
