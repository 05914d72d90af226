import t from 'tap'
import { QueueFullError } from '../../../src/errors.ts'
import { codeOf, connectionError } from '../../../src/queue/drivers/connection-error.ts'

const coded = (code: unknown, cause?: Error) =>
  Object.assign(new Error('of amqp://user:secret@host', { cause }), { code })

void t.test('tells what will fail again from what may pass', async t => {
  const cases = [
    [coded('ECONNREFUSED'), 'ERR_QUEUE_UNAVAILABLE', /\(ECONNREFUSED\)/],
    [coded(7), 'ERR_QUEUE_UNAVAILABLE', /failed$/],
    ['a text', 'ERR_QUEUE_UNAVAILABLE', /failed$/],
    [new Error('outer', { cause: coded('ENOTFOUND') }), 'ERR_QUEUE_UNAVAILABLE', /\(ENOTFOUND\)/],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'ERR_QUEUE_REFUSED', /SELF_SIGNED/],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'ERR_QUEUE_REFUSED', /ALTNAME/],
    [coded('EPROTO'), 'ERR_QUEUE_REFUSED', /EPROTO/],
    [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'ERR_QUEUE_REFUSED', /WRONG_VERSION/],
    [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'ERR_QUEUE_REFUSED', /VERIFY/],
  ] as const
  for (const [cause, code, message] of cases) {
    const error = connectionError(cause)
    t.match(error, { code, message, cause })
    t.notMatch(error.message, 'secret')
  }
})

void t.test('leaves an error of ours as it is', async t => {
  const full = new QueueFullError('x')
  t.equal(connectionError(full), full)
})

void t.test('finds the code of a cause', async t => {
  t.equal(codeOf(coded('A', coded('B'))), 'A')
  t.equal(codeOf(coded(undefined, coded('B'))), 'B')
  t.equal(codeOf(undefined), '')
})
