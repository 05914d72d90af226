import { z } from 'zod'
import {
  conversationCloseEvent,
  conversationStartEvent,
  messageEvent,
  otherEvent,
} from '../jelou/event-schema.ts'

const key = z.string().min(1)

/** The context attributes that every event on the queue has (CloudEvents 1.0), by their names. */
export const ATTRIBUTES = {
  specversion: z.literal('1.0'),
  id: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({
      description:
        'SHA-256 of the verified body: the same for the same event whichever replica received it. Drop repeats by it',
    }),
  source: z
    .string()
    .regex(/^urn:jelou:project:.+/)
    .meta({
      format: 'uri-reference',
      description: 'The project, percent-encoded',
      examples: ['urn:jelou:project:PROJECT_ID'],
    }),
  type: z
    .string()
    .regex(/^ai\.jelou\.[\s\S]+/)
    .meta({ description: '`ai.jelou.` and the name of the event', examples: ['ai.jelou.message'] }),
  subject: key.meta({ description: 'The same as partitionkey', examples: ['ROOM_ID'] }),
  time: z.iso.datetime().meta({
    description: "The event's own timestamp, or when it arrived if it has none",
    examples: ['2026-04-14T02:37:58.574Z'],
  }),
  datacontenttype: z.literal('application/json'),
  partitionkey: key.meta({
    description:
      'The first that the event has of room_id, conversation.id, contact.id, project_id; else the configured project. Events with one key keep their order',
    examples: ['ROOM_ID'],
  }),
  receivedat: z.iso
    .datetime()
    .meta({ description: 'When this service received it', examples: ['2026-04-14T02:37:59.012Z'] }),
}

/** Those of CloudEvents' extension for distributed tracing, in the form of the W3C's headers; an event may have none. */
export const TRACING = {
  traceparent: z
    .string()
    .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    .exactOptional()
    .meta({ description: 'The trace that the event belongs to (W3C Trace Context)' }),
  tracestate: z.string().exactOptional().meta({ description: 'What tracing systems add to traceparent' }),
}

const EXAMPLE = {
  specversion: '1.0',
  id: 'd7dc4da0e35cf7afdcea057a327be7e65c081b113cac58a0bb34b5762fd658d4',
  source: 'urn:jelou:project:PROJECT_ID',
  type: 'ai.jelou.conversation.close',
  subject: 'PROJECT_ID',
  time: '2026-04-14T02:37:58.574Z',
  datacontenttype: 'application/json',
  partitionkey: 'PROJECT_ID',
  receivedat: '2026-04-14T02:37:59.012Z',
  data: { event: 'conversation.close', timestamp: 1776134278574, project_id: 'PROJECT_ID' },
}

const attributes = z
  .looseObject({ ...ATTRIBUTES, ...TRACING })
  .meta({ id: 'EventAttributes', description: 'The attributes of a CloudEvent. More may come' })

const data = z
  .union([
    withData(z.literal('ai.jelou.message'), messageEvent),
    withData(z.literal('ai.jelou.conversation.start'), conversationStartEvent),
    withData(z.literal('ai.jelou.conversation.close'), conversationCloseEvent),
    withData(ATTRIBUTES.type, otherEvent),
  ])
  .meta({ id: 'EventData', description: 'What is in data, by the type of the event' })

/** An event as it is on the queue: CloudEvents 1.0, structured JSON. Describes what is documented, and takes what is not. */
export const queuedEvent = z.intersection(attributes, data).meta({
  id: 'QueuedEvent',
  description:
    'An event on the queue: CloudEvents 1.0, structured JSON. `data` is the text that Jelou signed, byte for byte',
  examples: [EXAMPLE],
})

function withData<T extends z.ZodType>(type: z.ZodType<string>, event: T) {
  return z.looseObject({ type, data: event })
}
