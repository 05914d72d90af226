import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { env } from 'node:process'
import { Connection } from 'rabbitmq-client'
import type { Event } from './fastify-handler.ts'
import { createVerifier } from './verify.ts'

/**
 * In the way of `@octokit/webhooks`: a middleware for `node:http` that verifies, parses, and waits for the handlers of the event's
 * name; the handler publishes to a quorum queue and waits for the confirmation. `URL_OF_RABBITMQ`, `QUEUE`.
 */
type Handler = (event: Event, body: Buffer) => Promise<void>

const queue = String(env['QUEUE'])
// As this service does: the client's default has small frames wait for the confirmation of those before (Nagle).
const connection = new Connection({ url: String(env['URL_OF_RABBITMQ']), noDelay: true })
const publisher = connection.createPublisher({
  confirm: true,
  queues: [{ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } }],
})
const handlers = new Map<string, Handler[]>()
const on = (name: string, handler: Handler) => handlers.set(name, [...(handlers.get(name) ?? []), handler])
on('message', (_event, body) =>
  publisher.send({ routingKey: queue, durable: true, contentType: 'application/json' }, body),
)

const verifier = createVerifier(String(env['SECRET']), String(env['TOKEN']))

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(request, 'end')
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

async function receive(request: IncomingMessage): Promise<[status: number, answer: string]> {
  if (request.method !== 'POST' || request.url !== '/webhook/jelou') return [404, 'not found']
  if (!verifier.isAuthorized(request.headers)) return [401, 'unauthorized']
  const body = await bodyOf(request)
  if (!verifier.isSigned(request.headers, body)) return [401, 'bad signature']
  const event = JSON.parse(body.toString()) as Event
  const called = handlers.get(event.event_type ?? event.event ?? '') ?? []
  await Promise.all(called.map(handler => handler(event, body)))
  return [200, 'ok']
}

const server = createServer((request, response) => {
  receive(request).then(
    ([status, text]) => response.writeHead(status, { 'content-length': text.length }).end(text),
    () => response.writeHead(500, { 'content-length': 0 }).end(),
  )
})
await connection.onConnect()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
