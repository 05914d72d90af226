import { randomUUID } from 'node:crypto'

/** The body of an event, before it is written as JSON. */
export type JelouEvent = Record<string, unknown>

const image = { url: 'https://storage.example.com/media/image.jpg', mime_type: 'image/jpeg' }
const video = { url: 'https://storage.example.com/media/video.mp4', mime_type: 'video/mp4' }
const audio = { url: 'https://storage.example.com/media/audio.ogg', mime_type: 'audio/ogg' }
const document = { url: 'https://storage.example.com/media/document.pdf', mime_type: 'application/pdf' }

/** What is in a message: every documented type (protocol page, 2), and one that is not. */
const MESSAGES = {
  text: { type: 'text', content: { body: 'Hello' } },
  image: { type: 'image', content: image },
  'image-caption': { type: 'image', content: { ...image, caption: 'A picture' } },
  video: { type: 'video', content: video },
  'video-caption': { type: 'video', content: { ...video, caption: 'A film' } },
  audio: { type: 'audio', content: audio },
  document: { type: 'document', content: document },
  'document-filename': { type: 'document', content: { ...document, filename: 'document.pdf' } },
  'unknown-message': { type: 'hologram', content: { depth: 3 } },
} as const

/** What else happens. The pages say that a close has a reason and a message, but not under which keys. */
const CONVERSATIONS = {
  'conversation.start': { event: 'conversation.start' },
  'conversation.close': { event: 'conversation.close', reason: 'closed_by_agent', message: 'Goodbye' },
  'unknown-event': { event: 'foo.bar' },
} as const

type MessageType = keyof typeof MESSAGES
type ConversationType = keyof typeof CONVERSATIONS

/** `unknown-fields` is a text message with fields that no page names. */
export type EventType = MessageType | ConversationType | 'unknown-fields'

/** Every event type there is a maker for. */
export const EVENT_TYPES: readonly EventType[] = [
  ...Object.keys(MESSAGES).filter(isMessage),
  ...Object.keys(CONVERSATIONS).filter(isConversation),
  'unknown-fields',
]

/** Makes the next event of a conversation; `room` names it. */
export type EventMaker = (type: EventType, room?: string) => JelouEvent

/**
 * Makes events as Jelou documents them, no two alike: each message has a fresh id, and each timestamp is `now` (ms since the
 * epoch) or, within one millisecond, one later than the one before.
 */
export function createEventMaker(projectId: string, now: () => number): EventMaker {
  let last = 0

  return (type, room = 'room-1') => {
    last = Math.max(now(), last + 1)
    if (isConversation(type)) return { ...CONVERSATIONS[type], timestamp: last, project_id: projectId }
    const message = {
      field: 'messages',
      object: 'message_event',
      event_type: 'message',
      timestamp: last,
      project_id: projectId,
      room_id: room,
      contact: { id: `${room}-contact`, name: 'Ada' },
      conversation: { id: `${room}-conversation` },
      bot: { id: 'bot-1', name: 'Support' },
      value: { id: randomUUID(), ...MESSAGES[isMessage(type) ? type : 'text'] },
    }
    return isMessage(type)
      ? message
      : { ...message, priority: null, tags: ['a', { b: 1.5 }], 'x-ünknown': '😀' }
  }
}

function isMessage(type: string): type is MessageType {
  return Object.hasOwn(MESSAGES, type)
}

function isConversation(type: string): type is ConversationType {
  return Object.hasOwn(CONVERSATIONS, type)
}
