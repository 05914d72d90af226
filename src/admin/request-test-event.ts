import { z } from 'zod'
import type { AdminTarget } from './client.ts'
import { requestAction } from './request-action.ts'

const schema = z.object({
  url: z.string(),
  statusCode: z.int().nullable(),
  answer: z.string().nullable(),
  id: z.string().nullable(),
  tookMs: z.number(),
  problem: z.string().nullable(),
})

/** What became of a test event, as the private listener tells it; `problem` is null when it was taken. */
export type TestEventAnswer = z.infer<typeof schema>

/** Has the running service send a test event to its own webhook. Throws as requestAction does. */
export function requestTestEvent(target: AdminTarget, way: 'loopback' | 'public'): Promise<TestEventAnswer> {
  return requestAction(target, '/test-event', { schema, reasons: /^ERR_NOT_REGISTERED$/, body: { way } })
}
