import { AMQPError } from 'rabbitmq-client'
import t from 'tap'
import { amqpError, isNack, limitOf } from '../../../src/queue/drivers/amqp-errors.ts'

/** As the client makes them, whose types know another constructor. */
function failure(code: string, message: string): AMQPError {
  return Reflect.construct(AMQPError, [code, message]) as AMQPError
}

function limitIn(message: string): number | undefined {
  return limitOf(failure('PRECONDITION_FAILED', message))
}

const nack = failure('NACK', 'message rejected by server')

void t.test('says what the server says', async t => {
  const cases = [
    [nack, 'ERR_QUEUE_FULL', /rejects/],
    [failure('NOT_FOUND', "no exchange 'x'"), 'ERR_QUEUE_REFUSED', /no exchange 'x': create it/],
    [failure('NOT_ALLOWED', 'vhost x'), 'ERR_QUEUE_REFUSED', /vhost x: check the virtual host/],
    [failure('CONNECTION_FORCED', 'x'), 'ERR_QUEUE_UNAVAILABLE', /CONNECTION_FORCED/],
    [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ERR_QUEUE_UNAVAILABLE', /ECONNRESET/],
  ] as const
  for (const [cause, code, message] of cases) t.match(amqpError(cause), { code, message, cause })
})

void t.test('knows a refusal of one message', async t => {
  t.same([nack, failure('CH_CLOSE', 'x'), 'NACK'].map(isNack), [true, false, false])
})

void t.test("reads the server's limit", async t => {
  t.equal(
    limitIn('BasicPublish: PRECONDITION_FAILED - message size 17 is larger than configured max size 16'),
    16,
  )
  t.equal(limitIn('message size 134217729 larger than max size 134217728'), 134_217_728)
  t.equal(limitIn("inequivalent arg 'durable'"), undefined)
  t.equal(limitOf(new Error('larger than max size 5')), undefined)
})
