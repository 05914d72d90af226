import fastify from 'fastify'
import { env } from 'node:process'
import { createVerifier } from './verify.ts'

export type Event = { event?: string; event_type?: string; room_id?: string }

/** Serves one route that verifies what it gets and hands it on; 200 once that is done. Prints its origin. */
export async function serveHandler(forward: (event: Event, body: Buffer) => Promise<unknown>): Promise<void> {
  const verifier = createVerifier(String(env['SECRET']), String(env['TOKEN']))
  const app = fastify()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  const schema = { response: { 200: { type: 'object', properties: { status: { type: 'string' } } } } }
  app.post<{ Body: Buffer }>('/webhook/jelou', { schema }, async ({ headers, body }, reply) => {
    if (!verifier.isAuthorized(headers)) return reply.code(401).send({ error: 'unauthorized' })
    if (!verifier.isSigned(headers, body)) return reply.code(401).send({ error: 'bad signature' })
    await forward(JSON.parse(body.toString()) as Event, body)
    return { status: 'accepted' }
  })
  console.log(await app.listen({ host: '127.0.0.1', port: 0 }))
}
