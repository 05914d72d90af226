import type { FastifyRequest } from 'fastify'
import { CrossOriginError, HostNotAllowedError, UnauthorizedError } from '../errors.ts'
import { isLoopback } from '../network.ts'
import { matchesAny, secretDigest } from '../secret-digest.ts'

/**
 * Who may see the page. With a token: whoever presents it as the password of HTTP Basic authentication, which is what a
 * browser can send when it opens a page, or as a bearer token. A browser keeps the password for this origin alone, where a
 * session cookie would go to every other port of this host too; nothing has to be kept, limited or ended here; and that the
 * browser sends it by itself is what {@link refuseOtherSites} and the form's token are for. Guesses are not slowed down, as the API
 * beside it does not do so either: the configuration wants a token of some length. Without a token: as for the API,
 * whoever calls by a loopback name. Throws UnauthorizedError or HostNotAllowedError.
 */
export function createPageGuard(token: string | undefined): (request: FastifyRequest) => void {
  if (token === undefined) {
    return ({ hostname }) => {
      if (!isLoopback(hostname)) throw new HostNotAllowedError()
    }
  }
  const expected = [secretDigest(token)]
  return ({ headers: { authorization = '' } }) => {
    const presented = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? password(authorization)
    if (presented === undefined || !matchesAny(presented, expected)) throw new UnauthorizedError()
  }
}

/** RFC 7617: what stands behind the first colon; the name before it means nothing here. */
function password(authorization: string): string | undefined {
  const encoded = /^basic +([\w+/=-]+)$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  return /:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
}

/**
 * Refuses what another site's page makes the browser send (Fetch Metadata; Origin where the browser does not send that,
 * which is over plain HTTP). The origin is compared with the host alone, because a proxy may end TLS before this service. A caller that
 * sends neither is no browser. Throws CrossOriginError.
 */
export function refuseOtherSites({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined) {
    if (site !== 'same-origin') throw new CrossOriginError()
    return
  }
  const { origin } = headers
  if (origin !== undefined && !isOf(origin, host)) throw new CrossOriginError()
}

/**
 * Refuses whatever the page itself did not ask for. What an image of another site's page asks for over plain HTTP has
 * neither of the above: there the `Referer` has to say that it was the page, whose own policy has the browser send it
 * (headers.ts). Throws CrossOriginError.
 */
export function refuseAllButThePage(request: Pick<FastifyRequest, 'headers' | 'host'>): void {
  refuseOtherSites(request)
  const { origin, referer = '', 'sec-fetch-site': site } = request.headers
  if (site === undefined && origin === undefined && !isOf(referer, request.host)) throw new CrossOriginError()
}

function isOf(url: string, host: string): boolean {
  return URL.canParse(url) && new URL(url).host === host
}
