import type { FastifyRequest } from 'fastify'
import { HostNotAllowedError, UnauthorizedError } from '../errors.ts'
import { isLoopback } from '../network.ts'
import { matchesAny, secretDigest } from '../secret-digest.ts'

/**
 * Who may use the private listener: with a token, whoever presents it; without one, whoever calls it by a loopback
 * name, so that a web page cannot reach it under a name of its own (DNS rebinding).
 */
export function createGuard(token: string | undefined): (request: FastifyRequest) => void {
  if (token === undefined) {
    return ({ hostname }) => {
      if (!isLoopback(hostname)) throw new HostNotAllowedError()
    }
  }
  const expected = [secretDigest(token)]
  return ({ headers }) => {
    const presented = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (presented === undefined || !matchesAny(presented, expected)) throw new UnauthorizedError()
  }
}
