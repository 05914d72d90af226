import { connect } from 'node:net'
import { AnswerReader, type WireAnswer } from './answers.ts'
import type { Reading } from './http-model.ts'

/** What a server made of the bytes of a connection. */
export type Outcome = {
  answers: WireAnswer[]
  /** How it ended: by this side, once all was answered; by the other; by nobody in time. */
  end: 'answered' | 'closed' | 'reset' | 'timeout'
}

export type ConversationOptions = {
  port: number
  /** An address of this machine: there are not ports enough on one for a million connections in some minutes. */
  from: string
  /** The bytes, as latin1, in the pieces in which they are written. */
  pieces: readonly string[]
  reading: Reading
  timeout: number
}

/** Writes bytes to a server on the loopback and reads what it answers, as a client that knows how many answers there should be. */
export function converse({ port, from, pieces, reading, timeout }: ConversationOptions): Promise<Outcome> {
  const { requests, rest } = reading
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
  const reader = new AnswerReader(index => requests[index]?.method === 'HEAD')
  const { answers } = reader
  let end: Outcome['end'] = 'closed'
  const timer = setTimeout(() => {
    end = 'timeout'
    socket.destroy()
  }, timeout)

  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    try {
      reader.push(text)
    } catch (error) {
      reject(error)
      socket.destroy()
      return
    }
    goOn()
  })
  socket.on('error', () => {
    end = 'reset'
  })
  socket.once('close', () => {
    clearTimeout(timer)
    if (reader.rest !== '') reject(new Error(`half an answer: ${JSON.stringify(reader.rest.slice(0, 200))}`))
    resolve({ answers, end })
  })
  writeNext(0)
  return promise

  /** Ends this side as soon as there is nothing more to wait for. */
  function goOn(): void {
    if (answers.length < requests.length || answers.at(-1)?.headers.get('connection') === 'close') return
    if (rest === 'nothing') {
      end = 'answered'
      // Not to be waited for by the system: a million would.
      socket.resetAndDestroy()
    } else if (rest === 'incomplete') socket.end()
  }

  function writeNext(index: number): void {
    const piece = pieces[index]
    if (piece === undefined) {
      goOn()
      return
    }
    socket.write(piece, 'latin1', () => setImmediate(() => writeNext(index + 1)))
  }
}
