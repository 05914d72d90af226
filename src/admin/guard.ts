import type { FastifyRequest } from 'fastify'
import { CrossOriginError, HostNotAllowedError, UnauthorizedError } from '../errors.ts'
import { isLoopback } from '../network.ts'
import { matchesAny, secretDigest } from '../secret-digest.ts'

/**
 * Who may use the private listener. With a token: whoever presents it. Without one: whoever calls it by a loopback
 * name, but no web page of another origin, because the browser of this machine's user can reach it too: under a name
 * of the page's own (DNS rebinding), or with a form or a simple request, whose answer it cannot read but whose effect
 * is done (cross-site request forgery). Throws UnauthorizedError, HostNotAllowedError or CrossOriginError.
 */
export function createGuard(token: string | undefined): (request: FastifyRequest) => void {
  if (token === undefined) {
    return ({ hostname, host, headers: { origin } }) => {
      if (!isLoopback(hostname)) throw new HostNotAllowedError()
      if (origin !== undefined && origin !== `http://${host}`) throw new CrossOriginError()
    }
  }
  const expected = [secretDigest(token)]
  return ({ headers }) => {
    const presented = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (presented === undefined || !matchesAny(presented, expected)) throw new UnauthorizedError()
  }
}
