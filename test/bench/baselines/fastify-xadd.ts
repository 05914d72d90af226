import { Redis } from 'ioredis'
import { env } from 'node:process'
import { serveHandler } from './fastify-handler.ts'

/** A handler that adds each event to a stream of Redis and waits for the answer: `PORT_OF_REDIS`, `QUEUE`. */
const redis = new Redis({ host: '127.0.0.1', port: Number(env['PORT_OF_REDIS']), enableAutoPipelining: true })
const stream = String(env['QUEUE'])
await redis.ping()
await serveHandler((event, body) =>
  redis.xadd(stream, '*', 'type', event.event_type ?? event.event ?? '', 'event', body),
)
