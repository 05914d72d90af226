import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { parse } from './consumer-requests.ts'

const testEventRequest = z.strictObject({ way: z.enum(['loopback', 'public']).default('loopback') })

/** Sends a test event by a way to the service's own webhook, and resolves with what became of it: nothing secret. */
export type SendTestEvent = (way: 'loopback' | 'public') => Promise<object>

/** The service's proof that events can come in. */
export async function testEventApi(app: FastifyInstance, { send }: { send: SendTestEvent }): Promise<void> {
  app.post('/test-event', async request => send(parse(testEventRequest, request.body ?? {}).way))
}
