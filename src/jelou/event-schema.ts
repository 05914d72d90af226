import { z } from 'zod'

const text = z.string()
const url = text.meta({ description: 'Where the file is', format: 'uri' })
const mimeType = text.meta({ examples: ['image/jpeg'] })
const file = z.looseObject({ url, mime_type: mimeType })
const captioned = file.extend({ caption: text.exactOptional() })

const timestamp = z.int().meta({ description: 'In ms since the epoch', examples: [1776134278574] })

/** What a message says (protocol page, 2); a type that is not documented has a shape of its own. */
const value = z
  .union([
    content('text', z.looseObject({ body: text })),
    content('image', captioned),
    content('video', captioned),
    content('audio', file),
    content('document', file.extend({ filename: text.exactOptional() })),
    z.looseObject({ type: text }).meta({ description: 'A type that Jelou does not document (yet)' }),
  ])
  .meta({ id: 'MessageValue' })

/** A message, with every field that is documented. */
export const messageEvent = z
  .looseObject({
    field: z.literal('messages'),
    object: z.literal('message_event'),
    event_type: z.literal('message'),
    timestamp,
    project_id: text,
    room_id: text,
    contact: z.looseObject({ id: text, name: text }),
    conversation: z.looseObject({ id: text }),
    bot: z.looseObject({ id: text, name: text }),
    value,
  })
  .meta({ id: 'MessageEvent', description: 'A message of the end user' })

const conversation = { timestamp: timestamp.exactOptional(), project_id: text.exactOptional() }

/** Of its fields none but the name is documented. */
export const conversationStartEvent = z
  .looseObject({ event: z.literal('conversation.start'), ...conversation })
  .meta({ id: 'ConversationStartEvent', description: 'A conversation begins' })

/** It says why, and what the user was told, under names that are not documented. */
export const conversationCloseEvent = z
  .looseObject({ event: z.literal('conversation.close'), ...conversation })
  .meta({ id: 'ConversationCloseEvent', description: 'A conversation ends' })

const name = text.min(1)

/** All that is required of an event: see parseEvent. */
export const otherEvent = z
  .union([z.looseObject({ event: name }), z.looseObject({ event_type: name })])
  .meta({
    id: 'OtherEvent',
    description:
      'Whatever else Jelou sends, and documented events whose fields are other than documented. It has a name; the rest is passed on untouched',
  })

/** The body of an event as Jelou sends it. Describes what is documented, and takes whatever has a name. */
export const jelouEvent = z
  .union([messageEvent, conversationStartEvent, conversationCloseEvent, otherEvent])
  .meta({ id: 'JelouEvent', description: 'An event as Jelou sends it. More fields than these are normal' })

function content<T extends z.ZodType>(type: string, schema: T) {
  return z.looseObject({ id: text, type: z.literal(type), content: schema })
}
