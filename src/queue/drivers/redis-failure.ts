import { QueueFullError, QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import { untrusted } from './causes.ts'

/** Why Redis cannot take events: `full` waits for room, `refused` for an operator, `unavailable` for time. */
export type Failure = {
  kind: 'full' | 'refused' | 'unavailable'
  reason: string
  cause?: unknown
  /** Another connection may do better: this server is no longer the primary, or lost its scripts. */
  reconnect?: boolean
}

const ERRORS = { full: QueueFullError, refused: QueueRefusedError, unavailable: QueueUnavailableError }

// The first word of an error reply is its code. What they mean: https://redis.io/docs/latest/develop/reference/protocol-spec/
const REFUSALS: Readonly<Record<string, string>> = {
  READONLY: 'it is a read-only replica: name the primary in QUEUE_URL',
  NOAUTH: 'it wants a password: put user and password into QUEUE_URL',
  WRONGPASS: 'user or password in QUEUE_URL are wrong, or the user is off',
  NOPERM: 'the user in QUEUE_URL may not do this',
  DENIED: 'it runs in protected mode: give it a password, or let it listen on this machine only',
  WRONGTYPE: 'a key of this name holds something else: give QUEUE_NAME another name, or move that key away',
  MISCONF: 'it cannot write to its disk: see its log',
  MOVED: 'it is a node of a cluster that does not hold this queue: name the node that does',
  ASK: 'it is a node of a cluster that is being moved',
  CROSSSLOT: 'it is a cluster: set a prefix with a hash tag, such as {bull}',
}
// Redis has no code of their own for these.
const OTHER_REFUSALS =
  /^ERR (?:unknown command|invalid password|AUTH |DB index|SELECT is not allowed|This instance has cluster support disabled)/i
const RECONNECT = new Set(['READONLY', 'NOSCRIPT'])
// Redis 6 and older wrap what a command in a script answered.
const IN_SCRIPT = /^ERR Error running script .*@user_script: ?\d+: -?/
const ARGUMENTS = /, with args .*/s
const LOST = 'the connection is lost'
// What ioredis calls it.
const NO_CONNECTION = /max retries per request|isn't writeable|Connection is closed/

/** What an error of ioredis means. Its reason holds no argument of a command: neither a password nor an event. */
export function failureOf(error: unknown): Failure {
  const cause = withoutCommand(error)
  if (cause instanceof Error && cause.name === 'ReplyError') return ofReply(cause)
  const { code = '', message = LOST } = (cause ?? {}) as { code?: string; message?: string }
  if (untrusted(cause) !== undefined) return { kind: 'refused', reason: `TLS: ${message}`, cause }
  // The code alone, where there is one: the message has the address, and readiness shows the reason to everybody.
  return { kind: 'unavailable', reason: NO_CONNECTION.test(message) ? LOST : code || message, cause }
}

/** The error of the service that a failure is. */
export function errorOf({ kind, reason, cause }: Failure): Error {
  return new ERRORS[kind](reason, { cause })
}

function ofReply(cause: Error): Failure {
  const text = cause.message.replace(IN_SCRIPT, '').replace(ARGUMENTS, '')
  const [code = ''] = text.split(' ', 1)
  if (code === 'OOM') return { kind: 'full', reason: 'Redis is at its maxmemory', cause }
  const refusal = REFUSALS[code]
  return {
    kind: refusal !== undefined || OTHER_REFUSALS.test(text) ? 'refused' : 'unavailable',
    reason: `Redis answered ${refusal === undefined ? text : `${code}: ${refusal}`}`,
    cause,
    reconnect: RECONNECT.has(code),
  }
}

/** ioredis hangs the command with its arguments on its errors; a transaction hides why it was not carried out. */
function withoutCommand(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const known = error as Error & { command?: unknown; previousErrors?: unknown[] }
  delete known.command
  const { previousErrors } = known
  delete known.previousErrors
  return previousErrors?.[0] === undefined ? error : withoutCommand(previousErrors[0])
}
