import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { connectionOf } from './http/connections.ts'

/** How long an idle connection is still listened to, in ms: its next request may be on the way, or wait to be read. */
const LAST_CALL = 250

/**
 * Lets a listener close as soon as its last request is answered. Closing waits for every connection, and Node ends only
 * those that are idle when it begins, at once: so a connection that is answered meanwhile is told to end, an idle one has a moment for that, and what
 * is still open after `grace` ms is cut, such as one on which only half a request ever came.
 * Returns what has connections told so before closing begins.
 */
export function endConnectionsOnClose(app: FastifyInstance, grace: number): () => void {
  const { server } = app
  let isEnding = false
  app.addHook('preClose', done => {
    isEnding = true
    const closeIdle = server.closeIdleConnections.bind(server)
    server.closeIdleConnections = () => undefined
    const timers = [setTimeout(closeIdle, LAST_CALL), setTimeout(() => server.closeAllConnections(), grace)]
    server.once('close', () => timers.forEach(clearTimeout))
    done()
  })
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (isEnding && isLast(raw)) reply.header('connection', 'close')
    done()
  })
  return () => {
    isEnding = true
  }
}

/** Whether nothing was asked behind a request on its connection: that would have no answer if this one ended it. */
function isLast(request: IncomingMessage): boolean {
  return (connectionOf(request.socket).last?.request ?? request) === request
}
