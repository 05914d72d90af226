import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import t from 'tap'
import { natsError } from '../../../src/queue/drivers/nats-errors.ts'

const api = (code: number, err_code: number) => new JetStreamApiError({ code, err_code, description: 'why' })

void t.test('says what the server says', async t => {
  const violation = new errors.PermissionViolationError('to "q.secret"', 'publish', 'q.secret')
  const cases = [
    [api(503, 10077), 'ERR_QUEUE_FULL'],
    [api(503, 10023), 'ERR_QUEUE_FULL'],
    [api(400, 10054), 'ERR_MESSAGE_REFUSED'],
    [api(503, 10008), 'ERR_QUEUE_UNAVAILABLE'],
    [api(503, 10039), 'ERR_QUEUE_REFUSED'],
    [api(500, 10074), 'ERR_QUEUE_REFUSED'],
    [api(400, 10065), 'ERR_QUEUE_REFUSED'],
    [api(409, 10158), 'ERR_QUEUE_UNAVAILABLE'],
    [api(429, 10167), 'ERR_QUEUE_UNAVAILABLE'],
    [new errors.InvalidArgumentError('secret'), 'ERR_MESSAGE_REFUSED'],
    [violation, 'ERR_QUEUE_REFUSED'],
    [new errors.RequestError('x', { cause: violation }), 'ERR_QUEUE_REFUSED'],
    [new errors.AuthorizationError('x'), 'ERR_QUEUE_REFUSED'],
    [new errors.UserAuthenticationExpiredError('x'), 'ERR_QUEUE_REFUSED'],
    [new Error('x', { cause: new errors.NoRespondersError('q.secret') }), 'ERR_QUEUE_REFUSED'],
    [new errors.TimeoutError(), 'ERR_QUEUE_UNAVAILABLE'],
    [undefined, 'ERR_QUEUE_UNAVAILABLE'],
  ] as const
  for (const [cause, code] of cases) t.match(natsError(cause), { code, message: /^(?!.*secret)/ })
})
