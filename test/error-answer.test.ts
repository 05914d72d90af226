import t from 'tap'
import { errorAnswer } from '../src/error-answer.ts'
import { QueueFullError } from '../src/errors.ts'

t.test('errorAnswer', async t => {
  t.same(errorAnswer(new QueueFullError('12 bytes are left')), {
    statusCode: 503,
    code: 'ERR_QUEUE_FULL',
    error: 'Service Unavailable',
    message: 'The queue is full: 12 bytes are left',
  })
  const tooLarge = Object.assign(new Error('x'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 })
  t.match(errorAnswer(tooLarge), { statusCode: 413, code: 'ERR_BODY_TOO_LARGE', error: 'Payload Too Large' })
  const refused = Object.assign(new Error('private'), { code: 'FST_ERR_ANY', statusCode: 400 })
  t.strictSame(errorAnswer(refused), {
    statusCode: 400,
    code: 'ERR_REQUEST_MALFORMED',
    error: 'Bad Request',
    message: 'This is not a valid HTTP/1.1 request',
  })
  const own = Object.assign(new Error('private'), { code: 'FST_ERR_ANY', statusCode: 500 })
  for (const fault of [
    own,
    new Error('private'),
    Object.assign(new Error('private'), { code: 'ECONNRESET' }),
  ]) {
    t.match(errorAnswer(fault), {
      statusCode: 500,
      code: 'ERR_INTERNAL',
      message: /^A fault of this service/,
    })
  }
})
