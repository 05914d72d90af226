import type { Owner } from '../../brokers/owner.ts'
import type { Server } from '../../brokers/server.ts'

/** What came out of a queue: `raw` is text that holds the envelope as it was stored. */
export type Delivered = { event: Record<string, unknown>; raw: string }

/** Resolves with what is in the queue and was not read before, in order; a client that has nothing to do with the service. */
export type Reader = () => Promise<Delivered[]>

/** A broker, as the faults and the last look need it. */
export type Engine = {
  start: (owner: Owner) => Promise<Server | null>
  /** Where a proxy has to pass connections on to, and where it has to listen if that matters. */
  behind?: (server: Server) => { port: number; listen?: number }
  queueUrl: (port: number) => string
  /** The same over TLS, where it has been prepared: where the proxy has to pass connections on to, and what else is to be set. */
  secured?: {
    port: (server: Server) => number
    queueUrl: (port: number) => string
    environment: (server: Server) => Record<string, string>
  }
  /** From a name that nobody else has. */
  queueName?: (unique: string) => string
  reader: (server: Server, queueName: string) => Reader
  /** Whether the contract allows that an event comes out twice. */
  repeats: boolean
  /** What its client wants of the environment. */
  environment?: Record<string, string>
}

export function deliveredOf(body: string | Uint8Array): Delivered {
  const raw = typeof body === 'string' ? body : Buffer.from(body).toString()
  return { event: JSON.parse(raw), raw }
}
