import type { Readable } from 'node:stream'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { request } from 'undici'
import type { JsonSchema } from '../../src/description/json-schema.ts'

type Schema = { properties?: Record<string, JsonSchema & { enum?: string[] }> } & JsonSchema
type Header = { schema: { type: string } }
type Response = { headers?: Record<string, Header>; content: Record<string, { schema: Schema }> }
type Operation = { operationId?: string; responses: Record<string, Response> }

/** What the checks read of an OpenAPI document. */
export type OpenApiDocument = { paths: Record<string, Record<string, Operation>> }

/** A request and its answer. */
export type Exchange = {
  method: string
  path: string
  status: number
  headers: Record<string, unknown>
  text: string
}

/** Of HTTP itself: on every answer, whatever it says. */
const EVERYWHERE = new Set([
  'content-type',
  'content-length',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
])

/** A validator for JSON Schema 2020-12, strict about schemas too. */
export function validator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true })
  formats.default(ajv)
  return ajv
}

/** Compares answers with a document, and remembers what of it was seen. Fields that the document does not name are wrong here. */
export class Checker {
  readonly #document: OpenApiDocument
  readonly #ajv = validator()
  readonly #seen = new Set<string>()

  constructor(document: OpenApiDocument) {
    this.#document = closed(document)
    this.#ajv.addVocabulary(['openapi', 'info', 'servers', 'paths', 'components', 'security', 'tags'])
    this.#ajv.addSchema(this.#document, 'document')
  }

  /** Every operation as `[method, path]`, the method in capitals. */
  operations(): [method: string, path: string][] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
    )
  }

  /** What is wrong with an answer; nothing when it is as described. */
  problems({ method, path, status, headers, text }: Exchange): string[] {
    const route = path.split('?', 1)[0] ?? ''
    const response = this.#document.paths[route]?.[method.toLowerCase()]?.responses[status]
    if (response === undefined) return [`${method} ${route} ${status} is not described`]
    const media = mediaOf(response, String(headers['content-type']))
    if (media === undefined) return [`the type ${String(headers['content-type'])} is not described`]
    const { schema } = response.content[media] ?? {}
    const body: unknown = schema?.['type'] === 'string' ? text : JSON.parse(text)
    const code = schema?.properties?.['code']?.enum && Object(body).code
    this.#seen.add(unit(method, route, status, code))
    const at = ['paths', route, method.toLowerCase(), 'responses', status, 'content', media, 'schema']
    return [...this.#wrong(at, body), ...this.#wrongHeaders(response, headers, at.slice(0, 5))]
  }

  /** What is described and was never answered, with its code where there are several. */
  unseen(): string[] {
    return this.operations().flatMap(([method, path]) =>
      Object.entries(this.#document.paths[path]?.[method.toLowerCase()]?.responses ?? {}).flatMap(
        ([status, { content }]) => {
          const codes = Object.values(content).flatMap(
            ({ schema }) => schema.properties?.['code']?.enum ?? [],
          )
          const units = codes.length > 0 ? codes : [undefined]
          return units.map(code => unit(method, path, status, code)).filter(unit => !this.#seen.has(unit))
        },
      ),
    )
  }

  #wrongHeaders(response: Response, headers: Exchange['headers'], at: (string | number)[]): string[] {
    const described = Object.entries(response.headers ?? {})
    const names = new Set(described.map(([name]) => name.toLowerCase()))
    const more = Object.keys(headers).filter(name => !EVERYWHERE.has(name) && !names.has(name))
    return [
      ...more.map(name => `the header ${name} is not described`),
      ...described.flatMap(([name, { schema }]) => {
        const value = headers[name.toLowerCase()]
        const typed = schema.type === 'integer' ? Number(value) : value
        return this.#wrong([...at, 'headers', name, 'schema'], typed).map(problem => `${name}: ${problem}`)
      }),
    ]
  }

  #wrong(at: (string | number)[], value: unknown): string[] {
    const pointer = at.map(part =>
      encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')),
    )
    const check = this.#ajv.compile({ $ref: `document#/${pointer.join('/')}` })
    check(value)
    return (check.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  }
}

/** Calls a listener, and resolves with what an answer is checked by. */
export async function exchange(
  base: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: string | Readable | undefined; headers?: Record<string, string> } = {},
): Promise<Exchange> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await request(base + path, {
    method,
    headers: { ...type, ...headers },
    body: body ?? null,
  })
  const text = await answer.body.text()
  return { method, path, status: answer.statusCode, headers: answer.headers, text }
}

function unit(method: string, path: string, status: number | string, code: string | undefined): string {
  return [method, path, status, ...(code === undefined ? [] : [code])].join(' ')
}

/** The described type of an answer, with its parameters or without. */
function mediaOf({ content }: Response, type: string): string | undefined {
  return [type, type.split(';', 1)[0] ?? ''].find(name => content[name] !== undefined)
}

/** The same without room for more: every object that says nothing of other fields has none. */
function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map(closed) as T
  if (typeof part !== 'object' || part === null) return part
  const inner = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]))
  const isOpen = 'properties' in inner && !('additionalProperties' in inner) && inner['type'] === 'object'
  return { ...inner, ...(isOpen && { additionalProperties: false }) } as T
}
