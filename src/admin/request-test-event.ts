import type { z } from 'zod'
import type { AdminTarget } from './client.ts'
import { requestAction } from './request-action.ts'
import { testEventAnswer } from './test-event-api.ts'

/** What became of a test event, as the private listener tells it; `problem` is null when it was taken. */
export type TestEventAnswer = z.infer<typeof testEventAnswer>

/** Has the running service send a test event to its own webhook. Throws as requestAction does. */
export function requestTestEvent(target: AdminTarget, way: 'loopback' | 'public'): Promise<TestEventAnswer> {
  return requestAction(target, '/test-event', {
    schema: testEventAnswer,
    reasons: /^ERR_NOT_REGISTERED$/,
    body: { way },
  })
}
