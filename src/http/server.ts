import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { MethodNotAllowedError } from '../errors.ts'
import { answerClientError, refuse } from './client-errors.ts'
import { connectionOf, Connections, readsMore } from './connections.ts'
import { refusalAnswer } from './raw-answer.ts'
import { refusalOf } from './refusal.ts'
import { Refused } from './refused.ts'
import { endAfterAnswer } from './ending.ts'

/** What a listener waits for and holds: times in ms, sizes in bytes. */
export type HttpLimits = {
  /** From the first byte of a request, or from the beginning of the connection, to the end of the headers. */
  headersTimeout: number
  /** The same, to the end of the body. */
  requestTimeout: number
  /** How often both are looked at. */
  checkInterval: number
  /** How long a connection may stay without a request after an answer, as the other side is told, and how much longer it is let be. */
  keepAliveTimeout: number
  keepAliveTimeoutBuffer: number
  /** How long a connection may stay without a byte in either direction, such as of who does not read the answer. */
  inactivityTimeout: number
  maxHeaderSize: number
  maxHeadersCount: number
  maxConnections: number
}

/**
 * Above what others keep: proxies hold an idle connection for a minute (nginx, AWS), for ten (Google Cloud) or for an hour (Envoy), whatever
 * they are told, and whoever closes it first must not be this service, or their next request would meet that. Who heeds what it is told closes it
 * before a translator of addresses on the way forgets it, after minutes. A consumer waits for events for 60 s, and the page's stream is never
 * silent for longer than 15 s.
 */
export const HTTP_LIMITS: HttpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  checkInterval: 1_000,
  keepAliveTimeout: 75_000,
  keepAliveTimeoutBuffer: 3_600_000,
  inactivityTimeout: 120_000,
  maxHeaderSize: 16_384,
  maxHeadersCount: 100,
  maxConnections: 12_000,
}

/** An HTTP server that hands to `handler` only what is sound HTTP, and answers the rest itself, which it counts. */
export function createHttpServer(
  limits: HttpLimits,
  handler: RequestListener,
  refused = new Refused(),
): Server {
  const connections = new Connections(limits.maxConnections, refused)
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: limits.checkInterval,
    keepAliveTimeout: limits.keepAliveTimeout,
    keepAliveTimeoutBuffer: limits.keepAliveTimeoutBuffer,
    maxHeaderSize: limits.maxHeaderSize,
    // It would be answered without a body: refusalOf looks.
    requireHostHeader: false,
  })
  server.timeout = limits.inactivityTimeout
  server.maxHeadersCount = limits.maxHeadersCount
  const closeIdle = server.closeIdleConnections.bind(server)
  // To Node one on which nothing came yet is not idle: whoever opens it would hold up the end as who sends half a request does.
  server.closeIdleConnections = () => {
    closeIdle()
    connections.closeSilent()
  }
  server.on('connection', socket => connections.add(socket))
  server.on('clientError', (error, socket) => void answerClientError(error, socket as Socket, refused))
  server.on('timeout', socket => void cutUnlessReads(socket, refused))
  server.on('connect', (_request, socket) => {
    void refuse(socket as Socket, refused, new MethodNotAllowedError(), { Allow: 'GET, POST' })
  })

  const take: RequestListener = (request, response) => {
    if (!connections.begin({ request, response })) return void request.resume()
    // Not taking the offer, Node throws away what stands behind the request in the same packet: the next would begin anywhere.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
    const refusal = refusalOf(request)
    if (refusal === undefined) return handler(request, response)
    refused.answered(refusal)
    endAfterAnswer(request)
    const { statusCode, headers, body } = refusalAnswer(refusal)
    response.writeHead(statusCode, headers).end(body)
  }
  server.on('request', take)
  // Without these Node would say `100 Continue` to whomever, and refuse other expectations without a body.
  server.on('checkContinue', take)
  server.on('checkExpectation', take)
  return server
}

async function cutUnlessReads(socket: Socket, refused: Refused): Promise<void> {
  if (await readsMore(socket)) return
  if (connectionOf(socket).open.size > 0) refused.cut('unread')
  socket.destroy()
}
