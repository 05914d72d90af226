import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { turnOf } from './connections.ts'
import { endAfterAnswer, leavesBodyUnread } from './ending.ts'
import { expectsContinue } from './refusal.ts'

/**
 * Has a listener read only the bodies that it wants: who waits for `100 Continue` is told so once nothing of the headers was
 * refused, and the connection of a request that is answered before its body ends, instead of reading that to throw it away.
 */
export function readOnlyWhatIsWanted(app: FastifyInstance): void {
  app.addHook('preParsing', ({ raw, is404 }, reply, payload, done) => {
    if (!expectsContinue(raw) || is404) return done(null, payload)
    // Before its turn, Node would put it between the headers and the body of an answer that is still to be written.
    void turnOf(raw).then(() => {
      reply.raw.writeContinue()
      done(null, payload)
    })
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    endWhereUnread(request, reply)
    done()
  })
}

/** The second half of that, for an answer for which Fastify runs no hooks. */
export function endWhereUnread({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!leavesBodyUnread(raw)) return
  void reply.header('connection', 'close')
  endAfterAnswer(raw)
}
