import type { FastifyReply } from 'fastify'

/** A JSON object with `event` as its last member: the stored text itself, not parsed and written again. */
export function withEvent(fields: object, event: Buffer): Buffer[] {
  return [Buffer.from(`${JSON.stringify(fields).slice(0, -1)},"event":`), event, Buffer.from('}')]
}

/** Answers an object whose only member is the list of these. */
export function sendJson(reply: FastifyReply, name: string, items: Buffer[][]): FastifyReply {
  const list = items.flatMap((item, index) => (index === 0 ? item : [Buffer.from(','), ...item]))
  reply.type('application/json; charset=utf-8')
  return reply.send(Buffer.concat([Buffer.from(`{"${name}":[`), ...list, Buffer.from(']}')]))
}
