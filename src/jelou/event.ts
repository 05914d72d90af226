import { isUtf8 } from 'node:buffer'
import { BodyNotJsonError, EventInvalidError } from '../errors.ts'
import type { VerifiedBody } from './signature.ts'

/** What this service reads of an event; everything else in it passes through untouched. */
export type JelouEvent = {
  /** `message`, `conversation.start`, `conversation.close`, or whatever Jelou sends next. */
  name: string
  /** The first that exists of `room_id`, `conversation.id`, `contact.id`, `project_id`. */
  partitionKey: string | undefined
  /** The signed time of the event in ms since the epoch; undefined when the body has none that is a date. */
  timestamp: number | undefined
}

/** The last millisecond of the year 9999, the latest that RFC 3339 can write. */
const LATEST = 253_402_300_799_999

/**
 * Reads a verified body. Nothing but the discriminator is required, unknown names and fields are normal
 * (protocol page, 2). Throws BodyNotJsonError or EventInvalidError.
 */
export function parseEvent(body: VerifiedBody): JelouEvent {
  const event = parseJson(body)
  if (!isObject(event)) throw new EventInvalidError()
  const name = [event.event, event.event_type].find(isText)
  if (name === undefined) throw new EventInvalidError()
  return { name, partitionKey: partitionKey(event), timestamp: timestamp(event.timestamp) }
}

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new BodyNotJsonError()
  try {
    return JSON.parse(body.toString())
  } catch {
    // The parser's message quotes the body: it is not kept as the cause.
    throw new BodyNotJsonError()
  }
}

function partitionKey(event: Record<string, unknown>): string | undefined {
  return (
    identifier(event.room_id) ??
    identifier(isObject(event.conversation) ? event.conversation.id : undefined) ??
    identifier(isObject(event.contact) ? event.contact.id : undefined) ??
    identifier(event.project_id)
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function identifier(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : isText(value) ? value : undefined
}

function timestamp(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= LATEST ? Math.trunc(value) : undefined
}
