import type { TraceContext } from '../queue/types.ts'

/**
 * When each stage of a request was over, in ms by the clock of `performance`, in this order; absent where it was not
 * reached. Plain numbers, so that an event pays for no more than reading the clock.
 */
export type Timeline = {
  /** Its headers were read. */
  readonly received: number
  /** Source, credential and content type passed. */
  credential?: number
  /** Its body was read. */
  body?: number
  /** The signature verified. */
  signature?: number
  /** The queue confirmed the event, or this machine synced it. */
  publish?: number
}

/** One request to the webhook while it is answered. */
export type OpenExchange = {
  readonly timeline: Timeline
  /** How old the event was at its arrival by its own timestamp, in ms; absent where that is not known. */
  eventAge?: number
  /** The trace that its message belongs to, as soon as the signature verified. */
  trace?: TraceContext
  /** The id of its event, as soon as that may be published. */
  id?: string
}

/** One request to the webhook and what it was answered: `outcome` is `accepted`, `duplicate`, or the code of the error. */
export type Exchange = OpenExchange & { outcome: string; statusCode: number; answered: number }

/** Is told of every request to the webhook as soon as its answer is known; must not throw. */
export type Observe = (exchange: Exchange) => void

/** Tells several of each. */
export function toAll(...observers: Observe[]): Observe {
  return exchange => {
    for (const observe of observers) observe(exchange)
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Only of requests to the webhook. */
    exchange: OpenExchange
  }
}
