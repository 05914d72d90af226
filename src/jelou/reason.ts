import { STATUS_CODES } from 'node:http'
import { errorBodySchema, jelouErrorSchema } from './schemas.ts'

const MAX_LENGTH = 300
const MAX_DEPTH = 4

/** Every form in which a secret could come back in an error text: as sent, in base64, inside JSON. */
export function formsOf(secret: string): string[] {
  return [secret, Buffer.from(secret).toString('base64'), JSON.stringify(secret).slice(1, -1)]
}

/** `422 Unprocessable Entity`. */
export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim()
}

/**
 * What an error body is like. `documented`: has a part that Jelou's errors have and those of others have not. `page`: HTML, which
 * comes from something before Jelou's API, or in its place. `other`: may be anybody's.
 */
export type ErrorForm = 'documented' | 'page' | 'other'

export function formOf(body: string): ErrorForm {
  if (isPage(body.trim())) return 'page'
  try {
    return jelouErrorSchema.safeParse(JSON.parse(body)).success ? 'documented' : 'other'
  } catch {
    return 'other'
  }
}

/** The status and what the error body says about it, be it JSON of any shape or plain text; of HTML that it is, of cut-off JSON nothing. */
export function describeError(status: number, body: string): string {
  const detail = detailOf(body.trim())
  return detail === '' ? statusText(status) : `${statusText(status)}: ${detail}`
}

/** One printable line of at most 300 characters without any of the secrets. */
export function printable(text: string, secrets: readonly string[]): string {
  // The longest first: a secret may be a part of another one's encoded form.
  const known = secrets.filter(secret => secret !== '').toSorted((a, b) => b.length - a.length)
  const line = known
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1).replace(/\p{Cs}$/u, '')}…`
}

function detailOf(body: string): string {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    if (isPage(body)) return 'a web page'
    return /^[{[]/.test(body) ? '' : body
  }
  const { data: documented } = errorBodySchema.safeParse(json)
  if (documented === undefined) return leavesOf(json).join('; ')
  const { message, error, validationError } = documented
  const texts = [message, error?.description, validationError].flatMap(part => leavesOf(part))
  // Jelou says the same thing in several places.
  return [...new Set(texts)].join('; ')
}

function isPage(body: string): boolean {
  return body.startsWith('<')
}

/** The texts in a JSON value, each with the key it stands under; what is nested too deeply to be read is left out. */
function leavesOf(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return []
  if (Array.isArray(value)) return value.flatMap(item => leavesOf(item, depth + 1))
  return Object.entries(value).flatMap(([key, item]) =>
    leavesOf(item, depth + 1).map(leaf => `${key}: ${leaf}`),
  )
}
