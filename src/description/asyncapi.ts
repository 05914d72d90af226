import { VERSION } from '../version.ts'
import { ENGINES, type Engine } from './engines.ts'
import { jsonSchemaOf, type JsonSchema } from './json-schema.ts'
import { ATTRIBUTES, TRACING, queuedEvent } from './queued-event.ts'

const CONTENT_TYPE = 'application/cloudevents+json'

/** What a consumer of the brokers receives, as an AsyncAPI 3 document; the payload in draft 7, which AsyncAPI builds on. */
export function asyncApi(): object {
  const { schema, parts } = jsonSchemaOf(queuedEvent, {
    io: 'output',
    target: 'draft-7',
    definitions: '#/components/schemas/',
  })
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'jelou-receiver, the queue',
      version: VERSION,
      description:
        'Events of Jelou on the broker that QUEUE_URL names, as the application that consumes them sees them. Delivery is at least once: drop repeats by `id`. The embedded queue is consumed by HTTP: see the OpenAPI document of the private listener.',
      license: { name: 'MIT' },
    },
    defaultContentType: CONTENT_TYPE,
    servers: each(({ host, protocol, title }) => ({ host, protocol, description: title })),
    channels: each(({ title, description, address = '{queueName}', bindings }, name) => ({
      address,
      title,
      description,
      servers: [{ $ref: `#/servers/${name}` }],
      parameters: parametersOf(address),
      messages: { event: { $ref: `#/components/messages/${name}` } },
      ...(bindings && { bindings }),
    })),
    operations: Object.fromEntries(
      Object.entries(ENGINES).map(([name, { title }]) => [
        `receive${name[0]?.toUpperCase()}${name.slice(1)}`,
        {
          action: 'receive',
          summary: `Receive events from ${title}`,
          channel: { $ref: `#/channels/${name}` },
          messages: [{ $ref: `#/channels/${name}/messages/event` }],
        },
      ]),
    ),
    components: {
      messages: each(({ headers, message }) => ({
        name: 'event',
        title: 'An event',
        contentType: CONTENT_TYPE,
        payload: schema,
        ...(headers !== undefined && { headers: headersOf(headers) }),
        ...(message && { bindings: message }),
      })),
      schemas: parts,
    },
  }
}

/** What is on the queue, as a JSON Schema document (2020-12). */
export function eventSchema(): object {
  const { schema, parts } = jsonSchemaOf(queuedEvent, { io: 'output', definitions: '#/$defs/' })
  const title = 'An event on the queue of jelou-receiver'
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...schema, $defs: parts }
}

function each(make: (engine: Engine, name: string) => object): object {
  return Object.fromEntries(Object.entries(ENGINES).map(([name, engine]) => [name, make(engine, name)]))
}

const PARAMETERS: Record<string, object> = {
  queueName: {
    description: '`QUEUE_NAME`; left empty, `jelou-events-` and the project',
    examples: ['jelou-events'],
  },
  type: { description: 'The type of the event; its dots separate tokens', examples: ['ai.jelou.message'] },
  key: { description: 'The partition key, percent-encoded to be one token', examples: ['ROOM_ID'] },
}

function parametersOf(address: string): object {
  return Object.fromEntries(Object.entries(PARAMETERS).filter(([name]) => address.includes(`{${name}}`)))
}

/** The attributes as the broker's headers, and the trace by its own names too: all are texts, and an engine may leave some out. */
function headersOf({ prefix, without = [] }: Required<Engine>['headers']): JsonSchema {
  const tracing = Object.keys(TRACING)
  const names = [...Object.keys(ATTRIBUTES), ...tracing].filter(name => !without.includes(name))
  return {
    type: 'object',
    description: 'The attributes of the event. One that the engine cannot hold is in the payload alone',
    properties: Object.fromEntries(
      [...names.map(name => prefix + name), ...tracing].map(name => [name, { type: 'string' }]),
    ),
  }
}
