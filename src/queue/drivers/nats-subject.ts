import { hash } from 'node:crypto'

/** Longer tokens are replaced by their digest: a server reads lines of 4 KiB, and shows subjects in lists. */
const LONGEST_TOKEN = 200
const LONGEST_TYPE = 500

/**
 * The subject of an event: `{queueName}.{type}.{key}`. The dots of the type separate tokens, so that subscribers can filter by
 * `{queueName}.ai.jelou.message.>`; the key is one token. What a token cannot hold is percent-encoded; `%empty` stands for a
 * token without characters, `%sha256-…` for one that is too long. No two keys get the same.
 */
export function subjectOf(
  queueName: string,
  { type, partitionKey }: { type: string; partitionKey: string },
): string {
  const types = type.split('.').map(token).join('.')
  const short = types.length > LONGEST_TYPE ? digest(type) : types
  return `${queueName}.${short}.${token(partitionKey)}`
}

function token(text: string): string {
  if (text === '') return '%empty'
  const safe = encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E').replaceAll('*', '%2A')
  return safe.length > LONGEST_TOKEN ? digest(text) : safe
}

function digest(text: string): string {
  return `%sha256-${hash('sha256', text)}`
}

/** Whether a stream's subject, which may have wildcards, takes everything below `queueName`. */
export function covers(subject: string, queueName: string): boolean {
  const wanted = queueName.split('.')
  const tokens = subject.split('.')
  const rest = tokens.indexOf('>')
  return (
    rest !== -1 &&
    rest <= wanted.length &&
    tokens.slice(0, rest).every((token, index) => token === '*' || token === wanted[index])
  )
}

/** The name of the stream of a queue: as the queue, but a stream's name cannot hold dots. */
export function streamNameOf(queueName: string): string {
  return queueName.replaceAll('.', '=')
}
