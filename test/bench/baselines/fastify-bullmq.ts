import { Queue } from 'bullmq'
import { env } from 'node:process'
import { serveHandler } from './fastify-handler.ts'

/** A handler that adds each event to a queue of BullMQ's: `PORT_OF_REDIS`, `QUEUE`. */
const connection = { host: '127.0.0.1', port: Number(env['PORT_OF_REDIS']), enableAutoPipelining: true }
const queue = new Queue(String(env['QUEUE']), { connection })
await queue.waitUntilReady()
await serveHandler(event => queue.add(event.event_type ?? event.event ?? 'event', event))
