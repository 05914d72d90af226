import { errorAnswer } from '../error-answer.ts'

/** A refusal as it is written where no response object is: to a connection on which no request could be read. */
export function rawAnswer(refusal: Error, headers: Record<string, string> = {}): string {
  const { status, body, headers: usual } = refusalAnswer(refusal)
  const lines = Object.entries({ Date: new Date().toUTCString(), ...usual, ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${status}\r\n${head}\r\n${body}`
}

/** The parts of the answer after which a connection ends; `status` with its words. */
export function refusalAnswer(refusal: Error) {
  const answer = errorAnswer(refusal)
  const body = JSON.stringify(answer)
  return {
    statusCode: answer.statusCode,
    status: `${answer.statusCode} ${answer.error}`,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      Connection: 'close',
    },
    body,
  }
}
