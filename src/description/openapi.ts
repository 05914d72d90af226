import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { z } from 'zod'
import { VERSION } from '../version.ts'
import { jsonSchemaOf, type JsonSchema } from './json-schema.ts'

type OpenApi = NonNullable<FastifyDynamicSwaggerOptions['openapi']>

/** What a document says besides its routes; `servers` is asked when the document is. */
export type ListenerDescription = Pick<OpenApi, 'tags' | 'security'> & {
  title: string
  description: string
  servers: () => { url: string }[]
  securitySchemes: NonNullable<NonNullable<OpenApi['components']>['securitySchemes']>
}

/**
 * Collects the routes that are registered from now on. Returns what makes their OpenAPI 3.1 document once the listener is ready, out
 * of the very schemas that the routes have. It adds no route, and costs neither a request nor the start anything.
 */
export function describeRoutes(app: FastifyInstance, listener: ListenerDescription): () => Promise<object> {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', route => void routes.push(route))
  return () => documentOf(routes, listener)
}

/** The plugin collects routes as they are registered: these are, with a listener that never listens. */
async function documentOf(
  routes: readonly RouteOptions[],
  { title, description, servers, securitySchemes, ...rest }: ListenerDescription,
): Promise<object> {
  const { default: swagger } = await import('@fastify/swagger')
  const app = fastify({ exposeHeadRoutes: false })
  const schemas: Record<string, JsonSchema> = {}
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version: VERSION, license: { name: 'MIT' } },
      components: { securitySchemes },
      ...rest,
    },
    convertConstToEnum: false,
    stripBasePath: false,
    transform: ({ schema, url }) => ({ url, schema: described(schema, schemas) }),
    transformObject(document) {
      const { openapiObject }: { openapiObject: Described } = Object(document)
      for (const { requestBody } of operationsOf(openapiObject)) if (requestBody) correct(requestBody)
      return { ...openapiObject, servers: servers(), components: { securitySchemes, schemas } }
    },
  })
  app.setValidatorCompiler(() => Boolean)
  app.setSerializerCompiler(() => JSON.stringify)
  for (const { method, url, schema, handler } of routes)
    app.route({ method, url, handler, ...(schema && { schema }) })
  await app.ready()
  return app.swagger()
}

type RequestBody = { required: boolean; content: Record<string, { schema: JsonSchema }> }
type Described = { paths: Record<string, Record<string, { requestBody?: RequestBody }>> }

function operationsOf({ paths }: Described): { requestBody?: RequestBody }[] {
  return Object.values(paths).flatMap(path => Object.values(path))
}

/** The plugin says of every body that it is required, but one whose fields have defaults may be left out. */
function correct(body: RequestBody): void {
  body.required = Object.values(body.content).some(
    ({ schema }) => schema['type'] !== 'object' || schema['required'] !== undefined,
  )
}

/** The schema of a route in JSON Schema, and in `schemas` those of its parts that have an id. */
function described(schema: object | undefined, schemas: Record<string, JsonSchema>): object {
  const plain = (part: unknown, io: 'input' | 'output'): unknown => {
    if (!(part instanceof z.ZodType)) return part
    const { schema, parts } = jsonSchemaOf(part, { io, definitions: '#/components/schemas/' })
    Object.assign(schemas, parts)
    return schema
  }
  const { body, querystring, response = {}, ...rest } = { ...schema } as Record<string, object>
  return {
    ...rest,
    ...(body && { body: plain(body, 'input') }),
    ...(querystring && { querystring: plain(querystring, 'input') }),
    response: Object.fromEntries(
      Object.entries(response).map(([status, answer]) => [status, plain(answer, 'output')]),
    ),
  }
}
