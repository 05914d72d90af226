import { Server } from 'node:net'
import { startFauxqs } from 'fauxqs'

/** SQS on the machine, as a process of its own: `fauxqs.ts PORT FOLDER`. */
const [port, dataDir] = process.argv.slice(2)

// It takes every address of the machine otherwise.
const prototype: { listen: (this: Server, options: object, done?: () => void) => Server } = Server.prototype
const { listen } = prototype
prototype.listen = function (options, done) {
  return listen.call(this, { ...options, host: '127.0.0.1' }, done)
}

// It takes each half of a character outside the Basic Multilingual Plane for one that SQS refuses; SQS takes #x10000 to #x10FFFF.
const types = new URL('sqs/sqsTypes.js', import.meta.resolve('fauxqs')).href
const { INVALID_MESSAGE_BODY_CHAR } = (await import(types)) as { INVALID_MESSAGE_BODY_CHAR: RegExp }
INVALID_MESSAGE_BODY_CHAR.compile(
  '[^\\t\\n\\r\\u{20}-\\u{D7FF}\\u{E000}-\\u{FFFD}\\u{10000}-\\u{10FFFF}]',
  'u',
)

await startFauxqs({ port: Number(port), logger: false, ...(dataDir && { dataDir }) })
