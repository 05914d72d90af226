import type { FastifyInstance } from 'fastify'
import type { Document } from '../admin/document-api.ts'
import { asyncApi, eventSchema } from './asyncapi.ts'
import { describeRoutes, type ListenerDescription } from './openapi.ts'

const PUBLIC_LISTENER: Omit<ListenerDescription, 'servers'> = {
  title: 'jelou-receiver, public listener',
  description:
    'Where Jelou delivers its webhook events. 200 means that the event is stored durably. Any other path is 404 `ERR_NOT_FOUND`.',
  tags: [
    { name: 'webhook', description: 'Events of Jelou' },
    { name: 'health', description: 'For probes; without a credential' },
  ],
  // By WEBHOOK_AUTH_TYPE: one of the credentials, and the signature always.
  security: [
    { bearer: [], signature: [] },
    { apiKey: [], signature: [] },
    { basic: [], signature: [] },
    { signature: [] },
  ],
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', description: 'With `WEBHOOK_AUTH_TYPE=bearer`' },
    apiKey: {
      type: 'apiKey',
      in: 'header',
      name: 'X-API-Key',
      description: 'With `WEBHOOK_AUTH_TYPE=api_key`',
    },
    basic: { type: 'http', scheme: 'basic', description: 'With `WEBHOOK_AUTH_TYPE=basic`' },
    signature: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Jelou-Signature',
      description:
        '`sha256=` and the HMAC-SHA256 of the body in hex, made with the signing secret. Always; alone with `WEBHOOK_AUTH_TYPE=no_auth`',
    },
  },
}

const PRIVATE_LISTENER: Omit<ListenerDescription, 'servers'> = {
  title: 'jelou-receiver, private listener',
  description:
    'For operators, for monitoring, and for consumers of the embedded queue. Bodies are JSON; one whose fields all have a default may be left out. Fields may be added to answers: ignore those that you do not know. Any other path is 404 `ERR_NOT_FOUND`.',
  tags: [
    { name: 'service', description: 'How the service is' },
    { name: 'registration', description: 'What Jelou has registered' },
    { name: 'queue', description: 'The embedded queue, or the spool before a broker' },
    { name: 'descriptions', description: 'The API, and the messages of the queue' },
  ],
  security: [{ token: [] }, {}],
  securitySchemes: {
    token: {
      type: 'http',
      scheme: 'bearer',
      description:
        '`ADMIN_TOKEN`. When it is not set: none, and only callers of this machine, which are no web page of another origin',
    },
  },
}

/**
 * Describes the routes of both listeners that are registered from now on; returns the documents for the private one to serve.
 * `publicUrl` is asked once somebody asks for them.
 */
export function describeListeners(
  publicListener: FastifyInstance,
  privateListener: FastifyInstance,
  publicUrl: () => string,
): Document[] {
  return [
    {
      path: '/openapi/public.json',
      operationId: 'describePublic',
      summary: 'OpenAPI 3.1 of the public listener',
      make: describeRoutes(publicListener, {
        ...PUBLIC_LISTENER,
        servers: () => [{ url: publicUrl() }],
      }),
    },
    {
      path: '/openapi/private.json',
      operationId: 'describePrivate',
      summary: 'OpenAPI 3.1 of the private listener',
      make: describeRoutes(privateListener, { ...PRIVATE_LISTENER, servers: () => [{ url: '/' }] }),
    },
    {
      path: '/asyncapi.json',
      operationId: 'describeQueue',
      summary: 'AsyncAPI 3.0 of the queue, for consumers of the brokers',
      make: asyncApi,
    },
    {
      path: '/schemas/event.json',
      operationId: 'describeEvent',
      summary: 'JSON Schema of an event on the queue',
      make: eventSchema,
    },
  ]
}
