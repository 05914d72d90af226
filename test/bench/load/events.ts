import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'

/** What every subject is told before it starts. Nothing secret: they live for one run on this machine. */
export const SECRET = 'the-signing-secret-of-the-benchmark'
export const TOKEN = 'the-token-of-the-benchmark'
export const PROJECT = 'PROJECT_ID'
export const PATH = '/webhook/jelou'

/** In bytes. */
export const BODY_SIZE = 600
export const ROOMS = 1_000
/** How many events of one millisecond there are: timestamps as they would be at 30,000 events/s. */
const PER_MILLISECOND = 30
/** Random bytes for each event: room, message id, text. */
const ENTROPY = 4 + 16 + 96
/** How much is written at a time, in bytes. */
const BATCH = 4_194_304

/** How requests are altered; `fresh` are not. A `forged` one has another one's signature, a `stranger` another token. */
export type Kind = 'fresh' | 'forged' | 'stranger'

/** A file of whole HTTP requests that are all of one size, in bytes. */
export type EventFile = { file: string; record: number; count: number }

export type EventsOptions = {
  file: string
  count: number
  /** The same seed gives the same events, timestamps apart. */
  seed: string
  kind?: Kind
  /** In bytes; the text is as long as that takes. */
  size?: number
  /** How many conversations they are of. */
  rooms?: number
  /** The timestamp of the first, in ms since the epoch. */
  since?: number
}

/**
 * Writes signed events as the requests that carry them, so that whoever sends them does nothing else: signing takes longer than
 * sending. No two are alike.
 */
export function writeEvents({ file, count, seed, kind = 'fresh', ...more }: EventsOptions): EventFile {
  const make = eventMaker(seed, more)
  const handle = openSync(file, 'w')
  const most = Math.max(1, Math.floor(BATCH / (more.size ?? BODY_SIZE)))
  let record = 0
  for (let from = 0; from < count; from += most) {
    const length = Math.min(most, count - from)
    const requests = Array.from({ length }, (_, index) => requestOf(make(from + index), kind))
    record = requests[0]?.length ?? 0
    if (requests.some(request => request.length !== record)) throw new Error('requests differ in size')
    writeSync(handle, Buffer.concat(requests))
  }
  // Later, the disk would do it beside what is measured.
  fdatasyncSync(handle)
  closeSync(handle)
  return { file, record, count }
}

/** Makes the bodies of events one after another: ASCII, `size` bytes each; small ones have only what every event has. */
export function eventMaker(
  seed: string,
  {
    size = BODY_SIZE,
    rooms = ROOMS,
    since = Date.now(),
  }: Pick<EventsOptions, 'size' | 'rooms' | 'since'> = {},
): (index: number) => string {
  const digits = Math.max(4, String(rooms - 1).length)
  const key = createHash('sha256').update(seed).digest().subarray(0, 16)
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(ENTROPY)
  return index => {
    const random = stream.update(zeros)
    const room = `room-${String(random.readUInt32LE(0) % rooms).padStart(digits, '0')}`
    const least = {
      event_type: 'message',
      timestamp: since + Math.floor(index / PER_MILLISECOND),
      room_id: room,
      value: { id: random.toString('hex', 4, 20), type: 'text', content: { body: '' } },
    }
    const event = size < BODY_SIZE ? least : { ...AROUND, ...least, ...aroundRoom(room) }
    const empty = JSON.stringify(event)
    const text = random.toString('hex', 20)
    const missing = size - empty.length
    if (missing < 0) throw new Error(`an event has at least ${empty.length} bytes`)
    event.value.content.body = text.repeat(Math.ceil(missing / text.length)).slice(0, missing)
    return JSON.stringify(event)
  }
}

/** What Jelou's own events have besides. */
const AROUND = {
  field: 'messages',
  object: 'message_event',
  project_id: PROJECT,
  bot: { id: 'bot-1', name: 'Support' },
}
const aroundRoom = (room: string) => ({
  contact: { id: `${room}-contact`, name: 'Ada' },
  conversation: { id: `${room}-conversation` },
})

function requestOf(body: string, kind: Kind): Buffer {
  const signed = kind === 'forged' ? `${body} ` : body
  const signature = createHmac('sha256', SECRET).update(signed).digest('hex')
  const token = kind === 'stranger' ? TOKEN.toUpperCase() : TOKEN
  return Buffer.from(
    `POST ${PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n` +
      `authorization: Bearer ${token}\r\nx-jelou-signature: sha256=${signature}\r\n\r\n${body}`,
    'latin1',
  )
}
