import t from 'tap'
import { reasonOf } from '../../src/page/reasons.ts'

const cases: [code: string, reason: string][] = [
  ['ERR_SIGNATURE_INVALID', 'Missing or wrong signature'],
  ['ERR_EVENT_TOO_OLD', 'The event is older than MAX_EVENT_AGE'],
  ['ERR_QUEUE_UNAVAILABLE', 'The queue cannot take the event'],
  ['ERR_QUEUE_FULL', 'The queue is full'],
  ['ERR_REQUEST_CUT', 'The request broke off'],
  ['FST_ERR_SOMETHING', 'FST_ERR_SOMETHING'],
]

t.test('a code is told in words', async t => {
  for (const [code, reason] of cases) t.equal(reasonOf(code), reason)
})
