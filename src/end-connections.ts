import type { FastifyInstance } from 'fastify'

/**
 * Lets a listener close as soon as its last request is answered. Closing waits for every connection, and Node ends only
 * those that are idle when it begins: so a connection that is answered meanwhile is told to end, and what is still open
 * after `grace` ms is cut, such as one on which no request, or only half of one, ever came.
 */
export function endConnectionsOnClose(app: FastifyInstance, grace: number): void {
  let isClosing = false
  app.addHook('preClose', done => {
    isClosing = true
    const cut = setTimeout(() => app.server.closeAllConnections(), grace)
    app.server.once('close', () => clearTimeout(cut))
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done()
  })
}
