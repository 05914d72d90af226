import type { IncomingMessage } from 'node:http'
import { BodyTooLargeError, MalformedRequestError, OverloadedError, RequestCutError } from '../errors.ts'

/** So many pieces are taken whatever their size, and one more for so many bytes. */
const FREE_PIECES = 1_000
const BYTES_PER_PIECE = 64

/** What all bodies that are still coming may hold together, in bytes, but at least two of the largest. */
const MOST_HELD = 134_217_728
/** What a piece takes beside what is in it. */
const PIECE_COST = 500

/**
 * Reads whole bodies as they were sent. Rejects with BodyTooLargeError past `limit` bytes, with RequestCutError when the rest does not come, and with
 * MalformedRequestError when it comes in pieces of a byte or so: each costs some hundred bytes and microseconds here, so that a body that
 * is within the limit would take half a gigabyte. When all hold too much together, the one that was longest waited for gives way, with
 * OverloadedError: who sends thousands slowly would else take all memory, and who sends one quickly is not to suffer for it.
 */
export function bodyReader(limit: number, most = MOST_HELD): (request: IncomingMessage) => Promise<Buffer> {
  /** What refuses each that is coming, the longest waited for first. */
  const coming = new Set<(error: Error) => void>()
  let held = 0
  return request => {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    const pieces: Buffer[] = []
    let length = 0
    let cost = 0
    const take = (piece: Buffer) => {
      length += piece.length
      cost += piece.length + PIECE_COST
      held += piece.length + PIECE_COST
      pieces.push(piece)
      if (length > limit) refuse(new BodyTooLargeError())
      else if (pieces.length > FREE_PIECES + length / BYTES_PER_PIECE) refuse(new MalformedRequestError())
      else if (held > Math.max(most, 2 * limit)) coming.values().next().value?.(new OverloadedError())
    }
    const letGo = () => {
      // What still comes flows on, into nothing.
      request.off('data', take)
      if (coming.delete(refuse)) held -= cost
    }
    const refuse = (error: Error) => {
      letGo()
      pieces.length = 0
      reject(error)
    }
    coming.add(refuse)
    request.on('data', take)
    request.once('end', () => {
      letGo()
      resolve(Buffer.concat(pieces, length))
    })
    request.once('error', cause => refuse(new RequestCutError({ cause })))
    // Its connection was closed before anybody listened.
    if (request.destroyed) refuse(new RequestCutError())
    return promise
  }
}
