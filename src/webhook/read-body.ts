import type { IncomingMessage } from 'node:http'
import { BodyTooLargeError, MalformedRequestError, RequestCutError } from '../errors.ts'

/** So many pieces are taken whatever their size, and one more for so many bytes. */
const FREE_PIECES = 1_000
const BYTES_PER_PIECE = 64

/**
 * The whole body as it was sent. Rejects with BodyTooLargeError past `limit` bytes, with RequestCutError when the rest does not come, and with
 * MalformedRequestError when it comes in pieces of a byte or so: each costs some hundred bytes and microseconds here, so that a body that
 * is within the limit would take half a gigabyte.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const pieces: Buffer[] = []
  let length = 0
  const take = (piece: Buffer) => {
    length += piece.length
    pieces.push(piece)
    if (length > limit) refuse(new BodyTooLargeError())
    else if (pieces.length > FREE_PIECES + length / BYTES_PER_PIECE) refuse(new MalformedRequestError())
  }
  const refuse = (error: Error) => {
    // What still comes flows on, into nothing.
    request.off('data', take)
    pieces.length = 0
    reject(error)
  }
  request.on('data', take)
  request.once('end', () => resolve(Buffer.concat(pieces, length)))
  request.once('error', cause => reject(new RequestCutError({ cause })))
  return promise
}
